import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, as a native path. */
export const repository = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/[/\\]$/, '');

/** The part of a `package.json` that is used here. */
export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly engines?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A package of the workspace. */
export interface WorkspacePackage {
  /** Its folder, relative to the repository: `packages/walker`. */
  readonly folder: string;
  /** The same as a native path. */
  readonly path: string;
  readonly manifest: PackageManifest;
}

/** Returns the packages that `pnpm-workspace.yaml` names, sorted by folder. */
export function workspacePackages(): WorkspacePackage[] {
  const text = readFileSync(join(repository, 'pnpm-workspace.yaml'), 'utf8');
  const folders = [...text.matchAll(/^ {2}- (\S+)\/\*$/gm)].flatMap(([, parent = '']) =>
    readdirSync(join(repository, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${parent}/${name}`),
  );
  return folders.sort().flatMap((folder) => {
    const path = join(repository, folder);
    if (!readdirSync(path).includes('package.json')) return [];
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as PackageManifest;
    return [{ folder, path, manifest }];
  });
}
