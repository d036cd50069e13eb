import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { repository, sha256Id, tempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { packPackages, publishedPackages, typecheck } from '../support/packed-packages.js';

const run = promisify(execFile);

/** What somebody writes first who has just installed a package: JavaScript that TypeScript takes as it is. */
const first: Readonly<Record<string, string>> = {
  '@muse/native': `
    import { loadNative } from '@muse/native';
    const { native, reason } = loadNative();
    console.log(native !== undefined || reason.startsWith('there is no'));`,
  '@muse/paths': `
    import { compareTreePaths, findRoot, treePathFromBytes, treePathToBytes } from '@muse/paths';
    const path = treePathFromBytes(Buffer.from([0x61, 0xff]));
    console.log(JSON.stringify(path), treePathToBytes(path).length, compareTreePaths('a', 'b'));
    console.log(await findRoot('.'));`,
  '@muse/stat-cache': `
    import { mkdirSync, writeFileSync } from 'node:fs';
    import { lstat } from 'node:fs/promises';
    import { blobId, hashFile, StatCache } from '@muse/stat-cache';
    import { codecCases } from '@muse/stat-cache/conformance';
    import { jsonV3Codec } from '@muse/stat-cache/json-v3';
    import { createMemoryStorage } from '@muse/stat-cache/memory';
    mkdirSync('tree');
    writeFileSync('tree/a', 'a');
    const cache = await StatCache.open({ root: 'tree', storage: createMemoryStorage() });
    console.log(await cache.getObjectHash('tree', 'tree/a') === blobId(Buffer.from('a')));
    console.log(cache.lookup('a', await lstat('tree/a', { bigint: true })), (await hashFile('tree/a')).bytes);
    for (const each of codecCases) await each.run(jsonV3Codec);`,
  '@muse/walker': `
    import { mkdirSync, writeFileSync } from 'node:fs';
    import { walk } from '@muse/walker';
    import { parseMuseIgnore } from '@muse/walker/ignore';
    mkdirSync('tree/out', { recursive: true });
    for (const name of ['tree/a', 'tree/out/b']) writeFileSync(name, '');
    const ignore = parseMuseIgnore("[global]\\npatterns = ['out']", { domain: 'code' });
    const { files, leftOut } = await walk('tree', { ignore, threads: 2 });
    console.log(files.map(({ path }) => path), leftOut.ignored);`,
  '@muse/snapshot': `
    import { mkdirSync, writeFileSync } from 'node:fs';
    import { createSnapshot, diffManifests, subtree } from '@muse/snapshot';
    mkdirSync('tree/sub', { recursive: true });
    writeFileSync('tree/sub/a', 'a');
    const before = await createSnapshot('tree', { threads: 2 });
    for (let index = 0; index < 2000; index++) writeFileSync('tree/sub/b' + index, String(index));
    const after = await createSnapshot('tree', { threads: 2 });
    console.log(before.complete, diffManifests(before.manifest, after.manifest).added.length);
    console.log(subtree(before.manifest, 'sub').get('a'));`,
};

const printed: Readonly<Record<string, string>> = {
  '@muse/native': 'true\n',
  '@muse/paths': '"a\\udcff" 2 -1\nundefined\n',
  '@muse/stat-cache': 'true\nundefined 1\n',
  '@muse/walker': "[ 'a' ] 1\n",
  '@muse/snapshot': `true 2000\n${sha256Id('a')}\n`,
};

const directories = publishedPackages();
const libraries = [...directories.keys()].filter((name) => !directories.get(name)?.manifest.bin);
const folder = tempDir();
const all = tempDir();
const projects = new Map([...directories.keys()].map((name) => [name, tempDir()]));

beforeAll(async () => {
  const packed = await packPackages(folder.path);
  // Each has a project of its own, in which nothing else is.
  await packed.install(all.path);
  for (const name of libraries) packed.copy(name, projectOf(name), all.path);
  await packed.install(projectOf('@muse/cli'), '@muse/cli');
});

afterAll(async () => {
  await Promise.all([folder, all, ...projects.values()].map((each) => each.remove()));
});

function projectOf(name: string): string {
  return projects.get(name)?.path ?? '';
}

/** What can be imported of a package: its name, and those of its sub-paths. */
function entriesOf(name: string): string[] {
  const keys = Object.keys(directories.get(name)?.manifest.exports ?? {});
  // A worker is a script for threads, and does nothing elsewhere but throw.
  const isImported = (key: string) => !key.endsWith('.json') && key !== './worker';
  return keys.filter(isImported).map((key) => name + key.slice(1));
}

describe.each(libraries)('%s from its packed file, in an empty project', (name) => {
  it('runs what one writes first, with the binary that was built here and without any', async () => {
    const project = projectOf(name);
    expect(Object.keys(first), 'add what one writes first with it').toContain(name);
    writeFileSync(join(project, 'first.mjs'), first[name] ?? '');
    const runFirst = async () => {
      const { stdout, stderr } = await run(process.execPath, ['first.mjs'], { cwd: project });
      rmSync(join(project, 'tree'), { recursive: true, force: true });
      return { stdout, stderr };
    };
    const right = { stdout: printed[name], stderr: '' };
    expect(await runFirst()).toEqual(right);
    if (existsSync(join(project, 'node_modules/@muse/native'))) {
      expect(await withoutBinary(project, runFirst)).toEqual(right);
    }
  });

  it('gives the same names to import and to require', async () => {
    const entries = entriesOf(name);
    expect(entries).toContain(name);
    const program = `
      const { isDeepStrictEqual } = require('node:util');
      (async () => {
        for (const entry of ${JSON.stringify(entries)}) {
          const required = require(entry);
          const imported = await import(entry);
          const same = Object.keys(imported).every((key) => imported[key] === required[key]);
          console.log(entry, same && Object.keys(imported).length > 0);
        }
      })();`;
    writeFileSync(join(projectOf(name), 'all.cjs'), program);
    const { stdout } = await run(process.execPath, ['all.cjs'], { cwd: projectOf(name) });
    expect(stdout).toBe(entries.map((entry) => `${entry} true\n`).join(''));
  });

  it('has types for what one writes first, for import and for require', async () => {
    const project = projectOf(name);
    const entries = entriesOf(name);
    const imports = entries.map((entry, index) => `export * as n${index} from '${entry}';\n`);
    const requires = entries.map(
      (entry, index) => `import n${index} = require('${entry}');\nexport { n${index} };\n`,
    );
    writeFileSync(join(project, 'first.mts'), first[name] ?? '');
    writeFileSync(join(project, 'all.mts'), imports.join(''));
    writeFileSync(join(project, 'all.cts'), requires.join(''));
    expect(await typecheck(project, ['first.mts', 'all.mts', 'all.cts'])).toBe('');
  });

  it('holds its README and license, and no test', () => {
    const listed = filesOf(name);
    expect(listed).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js']));
    expect(listed.filter((file) => file.includes('.test.') || file.startsWith('test/'))).toEqual([]);
  });
});

describe('@muse/cli from its packed file, in an empty project', () => {
  const muse = async (...args: string[]): Promise<string> => {
    const main = join(projectOf('@muse/cli'), 'node_modules/@muse/cli/dist/main.js');
    const { stdout } = await run(process.execPath, [main, ...args], {
      cwd: join(projectOf('@muse/cli'), 'tree'),
    });
    return stdout;
  };

  it('is a command that makes, takes, verifies and explains', async () => {
    const project = projectOf('@muse/cli');
    mkdirSync(join(project, 'tree'));
    for (let index = 0; index < 2000; index++) writeFileSync(join(project, `tree/f${index}`), String(index));
    expect(await muse('init')).toMatch(/^Initialized .*\.muse\n/);
    const id = await muse('snapshot', '--threads', '2');
    expect(id).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(await muse('snapshot', '--no-cache', '--threads', '1')).toBe(id);
    expect(await muse('verify')).toBe('');
    expect(await muse('explain', 'f0')).toContain(sha256Id('0'));
    expect(await muse('--version')).toMatch(/^\d+\.\d+\.\d+/);
  });

  it.skipIf(process.platform === 'win32')('is found by its name', async () => {
    const { stdout } = await run('node_modules/.bin/muse', ['--version'], { cwd: projectOf('@muse/cli') });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('is installed with the engine that was built here, and takes the other one where there was no compiler', async () => {
    // The one that it takes by itself.
    vi.stubEnv('MUSE_ENGINE', undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    const project = projectOf('@muse/cli');
    const engine = async () => (await muse('--version', '--debug')).split('\n')[1];
    expect(readdirSync(join(project, 'node_modules/@muse')).sort()).toEqual(['cli', 'native']);
    const isBuilt = existsSync(join(repository, `packages/native/build/linux-${process.arch}.node`));
    if (isBuilt) expect(await engine()).toBe('engine: native');
    await withoutBinary(project, async () => {
      expect(await engine()).toMatch(/^engine: typescript \(.*there is no /);
      expect(await muse('hash', 'f0')).toBe(`${sha256Id('0')}  f0\n`);
      expect(await muse('snapshot', '--no-cache')).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    });
  });

  it('holds what it runs, its schemas, README and licenses, and nothing else', async () => {
    const files = filesOf('@muse/cli');
    const listed = new Set(files);
    const beside = ['LICENSE', 'README.md', 'package.json', 'dist/LICENSES.txt', 'dist/package.json'];
    for (const file of [...beside, 'schemas/snapshot.v1.schema.json']) expect(listed).toContain(file);
    const installed = join(projectOf('@muse/cli'), 'node_modules/@muse/cli');
    // What starts it, and whatever is named in a file that it runs, with the source map that --debug reads.
    const used = new Set(['dist/main.js']);
    for (const file of used) {
      const text = readFileSync(join(installed, file), 'utf8');
      for (const each of files.filter((other) => other.startsWith('dist/'))) {
        if (/\.(?:js|map)$/.test(each) && text.includes(basename(each))) used.add(each);
      }
    }
    const isNeeded = (file: string) =>
      used.has(file) || beside.includes(file) || /^schemas\/[a-z-]+\.v\d+\.schema\.json$/.test(file);
    expect(files.filter((file) => !isNeeded(file))).toEqual([]);
    expect(used.size).toBeGreaterThan(10);
    const program = `console.log(require('@muse/cli/schemas/verify.v1.schema.json').$id)`;
    const { stdout } = await run(process.execPath, ['-e', program], { cwd: projectOf('@muse/cli') });
    expect(stdout).toBe('urn:muse:cli:verify:1\n');
  });
});

/** Runs something in a project whose engine was packed on a machine without a compiler. */
async function withoutBinary<T>(project: string, work: () => Promise<T>): Promise<T> {
  const prebuilds = join(project, 'node_modules/@muse/native/prebuilds');
  const there = existsSync(prebuilds);
  if (there) renameSync(prebuilds, `${prebuilds}.aside`);
  try {
    return await work();
  } finally {
    if (there) renameSync(`${prebuilds}.aside`, prebuilds);
  }
}

/** The files that an installed package consists of. */
function filesOf(name: string): string[] {
  const installed = join(projectOf(name), 'node_modules', name);
  const found = readdirSync(installed, { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.map((path) => path.slice(installed.length + 1).replaceAll('\\', '/'));
}
