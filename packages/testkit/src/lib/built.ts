import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { repository, workspacePackages, type WorkspacePackage } from './workspace.js';

/**
 * Returns the URL of the built module that `specifier` names, such as `@muse/walker/scan`: for threads, child processes
 * and bundles, which cannot run sources. Throws where the package, or one that it imports, was built from other sources
 * than those on disk, and says what to run.
 */
export function built(specifier: string): string {
  const [, name = '', subpath = ''] = /^(@[^/]+\/[^/]+)(.*)$/.exec(specifier) ?? [];
  const target = freshPackage(name).manifest.exports[`.${subpath}`];
  const file = typeof target === 'string' ? target : target?.['default'];
  if (file === undefined) throw new Error(`${specifier} is no entry of a package of the workspace`);
  return pathToFileURL(join(freshPackage(name).path, file)).href;
}

/** Returns the `dist` folder of a package; throws as {@link built} does. */
export function freshDist(name: string): string {
  return join(freshPackage(name).path, 'dist');
}

/**
 * Returns the URL of the built entry, such as `worker.js`, of the package that the source at a URL belongs to. What it
 * throws is an uncaught error as well: a package that cannot start threads does without, and the test would pass.
 */
export function builtBeside(source: string, file: string): string {
  try {
    return builtEntry(source, file);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
    throw error;
  }
}

function builtEntry(source: string, file: string): string {
  const path = fileURLToPath(source);
  const home = workspacePackages().find((each) => path.startsWith(each.path + sep));
  for (const [key, target] of Object.entries(home?.manifest.exports ?? {})) {
    if (home && typeof target !== 'string' && target['default'] === `./dist/${file}`) {
      return built(home.manifest.name + key.slice(1));
    }
  }
  throw new Error(`${file} is no entry of the package of ${path}`);
}

const fresh = new Map<string, WorkspacePackage>();

/** Throws unless what was built of a package, and of those that it imports, is made from the sources on disk. */
function freshPackage(name: string): WorkspacePackage {
  const known = fresh.get(name);
  if (known) return known;
  const found = workspacePackages().find(({ manifest }) => manifest.name === name);
  if (!found) throw new Error(`${name} is no package of the workspace`);
  const stale = changedSince(found.path, entriesOf(found));
  if (stale !== undefined) throw new Error(`dist of ${name} is stale: ${stale}. Run: pnpm build`);
  fresh.set(name, found);
  for (const [dependency, range] of Object.entries(found.manifest.dependencies ?? {})) {
    if (range.startsWith('workspace:')) freshPackage(dependency);
  }
  return found;
}

function entriesOf({ manifest }: WorkspacePackage): string[] {
  return Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [] : (target['default'] ?? []),
  );
}

/**
 * Says which source in a folder differs from what the source maps in its `dist` hold of it, if one does. Only the modules
 * that the entries lead to count, since a build that is taken from a cache leaves those of older ones; without an entry, all.
 */
export function changedSince(path: string, entries: readonly string[] = []): string | undefined {
  const modules =
    entries.length > 0 ? reachedFrom(entries.map((file) => join(path, file))) : listFiles(join(path, 'dist'));
  const mapped = [...modules].filter((file) => readIfThere(file)?.includes('//# sourceMappingURL='));
  const maps = mapped.map((file) => [`${file}.map`, readIfThere(`${file}.map`)] as const);
  if (maps.every(([, text]) => text === undefined)) return 'there is none';
  for (const [map, text] of maps) {
    if (text === undefined) continue;
    const { sources, sourcesContent = [] } = JSON.parse(text) as {
      sources: string[];
      sourcesContent?: (string | null)[];
    };
    for (const [i, source] of sources.entries()) {
      const file = resolve(dirname(map), source);
      if (file.includes(`${sep}node_modules${sep}`)) continue;
      // One that is gone is a leftover in dist: whoever imported it has changed as well.
      const now = readIfThere(file);
      if (now !== undefined && now !== sourcesContent[i]) return `${relative(repository, file)} has changed`;
    }
  }
  return undefined;
}

/** The modules that some modules lead to, by whatever in them looks like the path of one. */
function reachedFrom(files: readonly string[]): Set<string> {
  const found = new Set(files);
  for (const file of found) {
    for (const [, path = ''] of (readIfThere(file) ?? '').matchAll(/["'`](\.\.?\/[\w./-]+\.js)["'`]/g)) {
      found.add(resolve(dirname(file), path));
    }
  }
  return found;
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.js')).map((name) => join(folder, name));
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
