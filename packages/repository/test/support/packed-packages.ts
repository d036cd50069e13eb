import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  freshDist,
  repository,
  workspacePackages,
  type PackageManifest,
  type WorkspacePackage,
} from '@muse/testkit';

const run = promisify(execFile);

/** The packages that are published, each in the file that a registry would get. */
export interface PackedPackages {
  /** Where all the files are. */
  readonly folder: string;
  /** Has npm install all packages in an empty project, or one and what it depends on. */
  install(project: string, name?: string): Promise<void>;
  /** Makes an empty project into one that has a package and what it depends on, as in a project that has all, and no more. */
  copy(name: string, project: string, all: string): void;
}

/** The packages of the workspace that are published, by name. */
export function publishedPackages(): Map<string, WorkspacePackage> {
  const found = workspacePackages().filter(({ manifest }) => !manifest.private);
  return new Map(found.map((each) => [each.manifest.name, each]));
}

/** Packs the published packages, and those of others that they depend on, so that installing needs no network. */
export async function packPackages(folder: string): Promise<PackedPackages> {
  const packages = publishedPackages();
  for (const name of packages.keys()) freshDist(name);
  const others = [...packages.values()].flatMap(({ path, manifest }) =>
    Object.keys(manifest.dependencies ?? {})
      .filter((name) => !packages.has(name))
      .map((name) => join(path, 'node_modules', name)),
  );
  const { packageManager } = readManifest(repository) as unknown as { packageManager: string };
  const pnpm = packageManager.replace(/\+.*/, '');
  await npx(['--yes', pnpm, 'exec', 'bash', '.ci/pack', folder], repository);
  await npm(['pack', '--ignore-scripts', '--pack-destination', folder, ...new Set(others)], repository);

  const manifests = [...[...packages.values()].map(({ manifest }) => manifest), ...others.map(readManifest)];
  const fileOf = new Map(
    manifests.map(({ name, version }) => [
      name,
      join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`),
    ]),
  );
  return {
    folder,
    async install(project, name) {
      begin(project);
      const wanted = name === undefined ? [...fileOf.keys()] : withDependencies(name, packages);
      const files = wanted.flatMap((each) => fileOf.get(each) ?? []);
      await npm(['install', '--offline', '--no-audit', '--no-fund', ...files], project);
      addNodeTypes(project);
    },
    copy(name, project, all) {
      begin(project);
      for (const each of withDependencies(name, packages)) {
        const path = join('node_modules', each);
        cpSync(join(all, path), join(project, path), { recursive: true });
      }
      addNodeTypes(project);
    },
  };
}

function begin(project: string): void {
  writeFileSync(join(project, 'package.json'), '{ "private": true }\n');
}

function addNodeTypes(project: string): void {
  mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
  symlinkSync(join(repository, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'));
}

function readManifest(directory: string): PackageManifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as PackageManifest;
}

/** Checks TypeScript files by the rules of Node, the declarations that they reach included; what it says, if anything. */
export async function typecheck(project: string, files: readonly string[]): Promise<string> {
  const compiler = join(repository, 'node_modules/typescript-7/bin/tsc');
  const options =
    '--ignoreConfig --noEmit --strict --target es2022 --lib es2023 --module nodenext --types node';
  try {
    const { stdout } = await run(process.execPath, [compiler, ...options.split(' '), ...files], {
      cwd: project,
    });
    return stdout;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

function withDependencies(name: string, packages: ReadonlyMap<string, WorkspacePackage>): string[] {
  const found = new Set([name]);
  for (const each of found) {
    for (const dependency of Object.keys(packages.get(each)?.manifest.dependencies ?? {})) {
      found.add(dependency);
    }
  }
  return [...found];
}

function npm(args: readonly string[], cwd: string): Promise<unknown> {
  return run('npm', args, { cwd, env: quiet(), shell: process.platform === 'win32' });
}

function npx(args: readonly string[], cwd: string): Promise<unknown> {
  return run('npx', args, { cwd, env: quiet(), shell: process.platform === 'win32' });
}

/** What a script of pnpm tells npm in variables is about the repository, not about the project. */
function quiet(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|NODE_ENV$)/i.test(name));
  return Object.fromEntries(kept);
}
