import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freshDist } from '@muse/testkit';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../../..', import.meta.url));

/** What npm needs to know of a package. */
export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The packages that are published, each in the file that a registry would get. */
export interface PackedPackages {
  /** Where all the files are. */
  readonly folder: string;
  /** Makes an empty project elsewhere into one that has a package installed, with what it depends on. */
  install(name: string, project: string): Promise<void>;
}

/** Reads a `package.json`. */
export function manifestIn(directory: string): PackageManifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as PackageManifest;
}

/** The packages of the repository that are published: their names, and where they are. */
export function publishedPackages(): Map<string, string> {
  const directories = ['packages', 'apps'].flatMap((parent) =>
    readdirSync(join(repository, parent)).map((name) => join(repository, parent, name)),
  );
  const found = directories.map((directory) => [manifestIn(directory), directory] as const);
  return new Map(
    found.filter(([{ private: own }]) => own !== true).map(([{ name }, directory]) => [name, directory]),
  );
}

/** Packs the published packages, and those of others that they depend on, so that installing needs no network. */
export async function packPackages(folder: string): Promise<PackedPackages> {
  const packages = publishedPackages();
  for (const name of packages.keys()) freshDist(name);
  const others = [...packages.values()].flatMap((directory) =>
    Object.keys(manifestIn(directory).dependencies ?? {})
      .filter((name) => !packages.has(name))
      .map((name) => join(directory, 'node_modules', name)),
  );
  const { packageManager } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  const filters = [...packages.keys()].flatMap((name) => ['--filter', name]);
  const pack = [
    '--yes',
    packageManager.replace(/\+.*/, ''),
    '-r',
    ...filters,
    'pack',
    '--pack-destination',
    folder,
  ];
  await npx(pack, repository);
  await npm(['pack', '--ignore-scripts', '--pack-destination', folder, ...new Set(others)], repository);

  const fileOf = new Map(
    [...packages.values(), ...others].map((directory) => {
      const { name, version } = manifestIn(directory);
      return [name, join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)];
    }),
  );
  return {
    folder,
    async install(name, project) {
      const wanted = withDependencies(name, packages);
      const files = wanted.map((each) => fileOf.get(each) ?? each);
      writeFileSync(join(project, 'package.json'), '{ "private": true }\n');
      await npm(['install', '--offline', '--no-audit', '--no-fund', ...files], project);
      mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
      symlinkSync(join(repository, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'));
    },
  };
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

function withDependencies(name: string, packages: ReadonlyMap<string, string>): string[] {
  const found = new Set([name]);
  for (const each of found) {
    const directory = packages.get(each);
    if (directory === undefined) continue;
    for (const dependency of Object.keys(manifestIn(directory).dependencies ?? {})) found.add(dependency);
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
