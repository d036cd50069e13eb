import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildAll, type BuildTask } from '@muse/example-build-cache';
import { toNativePath } from '@muse/paths';
import {
  becomeOrdinaryUser,
  built,
  giveToOrdinaryUser,
  hostileNames,
  makeTree,
  ordinaryUser,
  removeTree,
  tempDir,
} from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

/** A repository with two packages, of which `app` uses `lib`, and a count of the builds. */
async function repository({
  whileBuilding,
}: { whileBuilding?: (file: (path: string) => string) => void } = {}) {
  const root = await makeTree({
    '.muse/cache': {},
    '.museignore': "[global]\npatterns = ['dist/']\n",
    packages: { lib: { 'a.txt': 'lib' }, app: { 'b.txt': 'app' } },
  });
  const store = tempDir();
  onTestFinished(async () => {
    await removeTree(root);
    await store.remove();
  });
  const file = (path: string): string => join(root, 'packages', path);
  const task = (name: string, sources: readonly string[], uses: readonly string[]): BuildTask => ({
    path: `packages/${name}`,
    uses,
    tools: 'upper-case 1',
    build: () => {
      mkdirSync(file(`${name}/dist`), { recursive: true });
      const text = sources.map((source) => readFileSync(file(source), 'utf8')).join();
      writeFileSync(file(`${name}/dist/out.txt`), text.toUpperCase());
      whileBuilding?.(file);
      return Promise.resolve();
    },
  });
  const tasks = [
    task('lib', ['lib/a.txt'], []),
    task('app', ['app/b.txt', 'lib/dist/out.txt'], ['packages/lib']),
  ];
  return {
    root,
    store: store.path,
    tasks,
    file,
    build: async () => [...(await buildAll(tasks, { root, store: store.path })).values()],
    output: () => readFileSync(file('app/dist/out.txt'), 'utf8'),
  };
}

it('builds each content once, and knows again what it was', async () => {
  const { file, build, output } = await repository();
  expect(await build()).toEqual(['built', 'built']);
  expect(await build()).toEqual(['restored', 'restored']);

  writeFileSync(file('app/b.txt'), 'app 2');
  expect(await build()).toEqual(['restored', 'built']);
  expect(output()).toBe('APP 2,LIB');

  writeFileSync(file('lib/a.txt'), 'lib 2');
  expect(await build()).toEqual(['built', 'built']);
  expect(output()).toBe('APP 2,LIB 2');

  writeFileSync(file('lib/a.txt'), 'lib');
  expect(await build()).toEqual(['restored', 'restored']);
  expect(output()).toBe('APP 2,LIB');
});

it('does not take the output of one package for that of another with the same content', async () => {
  const { file, build } = await repository();
  writeFileSync(file('app/b.txt'), 'x');
  await build();
  mkdirSync(file('app/more'));
  writeFileSync(file('app/more/b.txt'), 'x');
  expect(await build()).toEqual(['restored', 'built']);
});

it('does not keep what was built of sources that were edited meanwhile', async () => {
  const edits = ['edited', 'edited'];
  const { file, build } = await repository({
    whileBuilding: (fileAt) => {
      const text = edits.pop();
      if (text !== undefined) writeFileSync(fileAt('lib/a.txt'), text);
    },
  });
  await build();
  writeFileSync(file('lib/a.txt'), 'lib');
  expect(await build()).toEqual(['built', 'built']);
});

it('builds what uses a package again when the tools of that change', async () => {
  const { root, store, tasks, build } = await repository();
  await build();
  const [lib, app] = tasks as [BuildTask, BuildTask];
  const done = await buildAll([{ ...lib, tools: 'upper-case 2' }, app], { root, store });
  expect([...done.values()]).toEqual(['built', 'built']);
});

it('restores every name, content and mode as it was', async () => {
  const { root, store, file } = await repository();
  const names = ['run', ...hostileNames.map((name) => name.toString('latin1'))];
  const task: BuildTask = {
    path: 'packages/lib',
    tools: '',
    build() {
      for (const directory of [file('lib/dist'), file('lib/dist/__proto__')]) {
        mkdirSync(directory);
        for (const name of hostileNames) {
          if (name.toString() === '__proto__') continue;
          writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), name]), name);
        }
      }
      writeFileSync(file('lib/dist/run'), '#!/bin/sh', { mode: 0o755 });
      return Promise.resolve();
    },
  };
  const listed = () =>
    readdirSync(file('lib/dist'), { recursive: true, encoding: 'latin1' as 'utf8' }).sort();
  await buildAll([task], { root, store });
  const built = listed();
  expect(built).toEqual(expect.arrayContaining(names));
  expect((await buildAll([task], { root, store })).get('packages/lib')).toBe('restored');
  expect(listed()).toEqual(built);
  expect(statSync(file('lib/dist/run')).mode & 0o777).toBe(0o755);
});

it('builds a package whose name is not UTF-8', async () => {
  const { root, store } = await repository();
  const path = 'packages/__proto__\n\udcff';
  const output = toNativePath(root, `${path}/dist`);
  mkdirSync(toNativePath(root, path));
  writeFileSync(toNativePath(root, `${path}/a.txt`), 'a');
  const task = { path, tools: '', build: () => mkdir(output) };
  expect((await buildAll([task], { root, store })).get(path)).toBe('built');
  expect((await buildAll([task], { root, store })).get(path)).toBe('restored');
});

describe('refuses a package when its result could depend on', () => {
  it('a link to a file', async () => {
    const { file, build } = await repository();
    await build();
    rmSync(file('lib/a.txt'));
    symlinkSync('../../a.txt', file('lib/a.txt'));
    await expect(build()).rejects.toThrow(/"packages\/lib".*\(1 symlink\)/);
  });

  it('a link to a directory', async () => {
    const { file, build } = await repository();
    symlinkSync('../app', file('lib/more'));
    await expect(build()).rejects.toThrow('1 symlink');
  });

  it.skipIf(process.platform === 'win32')('a FIFO', async () => {
    const { file, build } = await repository();
    execFileSync('mkfifo', [file('lib/fifo')]);
    await expect(build()).rejects.toThrow('1 fifo');
  });

  it.each(['.git', '.muse'])('what is in a %s', async (name) => {
    const { file, build } = await repository();
    mkdirSync(file(`lib/${name}`));
    writeFileSync(file(`lib/${name}/z.js`), '');
    await expect(build()).rejects.toThrow('1 reserved');
  });

  it('an ignored file, whether or not the output is there', async () => {
    const { root, file, build } = await repository();
    writeFileSync(join(root, '.museignore'), "[global]\npatterns = ['dist/', 'z.js']\n");
    expect(await build()).toEqual(['built', 'built']);
    writeFileSync(file('lib/z.js'), '');
    await expect(build()).rejects.toThrow('1 ignored');
    rmSync(file('lib/dist'), { recursive: true });
    await expect(build()).rejects.toThrow('1 ignored');
  });

  it.each(['packages/', '/packages/lib', '/packages/app'])('rules that leave out %s', async (pattern) => {
    const { root, build } = await repository();
    writeFileSync(join(root, '.museignore'), `[global]\npatterns = ['dist/', '${pattern}']\n`);
    await expect(build()).rejects.toThrow('packages/');
  });

  it('an ignored file of a directory that it uses', async () => {
    const { root, store, tasks, file } = await repository();
    mkdirSync(file('config/dist'), { recursive: true });
    const [lib] = tasks as [BuildTask];
    const build = buildAll([{ ...lib, uses: ['packages/config'] }], { root, store });
    await expect(build).rejects.toThrow(/"packages\/config".*1 ignored/);
  });

  it('an ignored file that a build leaves behind', async () => {
    const { root, build } = await repository({
      whileBuilding: (file) => {
        writeFileSync(file('lib/z.js'), '');
      },
    });
    writeFileSync(join(root, '.museignore'), "[global]\npatterns = ['dist/', 'z.js']\n");
    await expect(build()).rejects.toThrow('1 ignored');
  });

  it.skipIf(ordinaryUser() === undefined)('a file that cannot be read', async () => {
    const { root, store, file } = await repository();
    writeFileSync(file('lib/secret'), '');
    chmodSync(file('lib/secret'), 0);
    await giveToOrdinaryUser(store);
    const program = `import { buildAll } from '${built('@muse/example-build-cache')}';
      ${becomeOrdinaryUser()}
      const task = { path: 'packages/lib', tools: '', build() { throw new Error('built'); } };
      await buildAll([task], { root: ${JSON.stringify(root)}, store: ${JSON.stringify(store)} });`;
    await giveToOrdinaryUser(root);
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    expect(run.stderr).toContain('"secret": permission denied');
  });
});

it('takes what its tools answer for as left out, and nothing more', async () => {
  const { root, store, tasks, file } = await repository();
  writeFileSync(join(root, '.museignore'), "[global]\npatterns = ['dist/', 'node_modules/']\n");
  mkdirSync(file('lib/node_modules'));
  const [lib] = tasks as [BuildTask];
  const build = (leftOut: string[]) => buildAll([{ ...lib, leftOut }], { root, store });
  await expect(build([])).rejects.toThrow('1 ignored');
  expect((await build(['node_modules'])).get('packages/lib')).toBe('built');
  mkdirSync(file('lib/more/node_modules'), { recursive: true });
  await expect(build(['node_modules'])).rejects.toThrow('1 ignored');
});

it('refuses an output that is not ignored', async () => {
  const { root, build } = await repository();
  writeFileSync(join(root, '.museignore'), '');
  await expect(build()).rejects.toThrow('add "dist" to .museignore');
});

describe('stays in its root:', () => {
  it.each(['packages', 'packages/lib'])('%s as a link deletes and writes nothing elsewhere', async (path) => {
    const { root, build } = await repository();
    const elsewhere = await makeTree({
      'a.txt': 'a',
      dist: { precious: '' },
      lib: { dist: { precious: '' } },
    });
    onTestFinished(() => removeTree(elsewhere));
    renameSync(join(root, path), join(root, 'moved'));
    symlinkSync(elsewhere, join(root, path));
    await expect(build()).rejects.toThrow();
    expect(readdirSync(join(elsewhere, 'dist'))).toEqual(['precious']);
    expect(readdirSync(join(elsewhere, 'lib/dist'))).toEqual(['precious']);
  });

  it('an output that is a link is refused, and nothing there deleted', async () => {
    const { root, file, build } = await repository();
    writeFileSync(join(root, '.museignore'), "[global]\npatterns = ['dist']\n");
    const elsewhere = await makeTree({ precious: '' });
    onTestFinished(() => removeTree(elsewhere));
    symlinkSync(elsewhere, file('lib/dist'));
    await expect(build()).rejects.toThrow('1 symlink');
    expect(readdirSync(elsewhere)).toEqual(['precious']);
  });

  it('an output with a link in it is not kept', async () => {
    const { store, build } = await repository({
      whileBuilding: (file) => {
        symlinkSync('../a.txt', file('lib/dist/link'));
      },
    });
    await expect(build()).rejects.toThrow('1 symlink');
    expect(readdirSync(store)).toEqual([]);
  });

  it.each(['../elsewhere', '/elsewhere', 'packages/../../elsewhere'])('%s is no package', async (path) => {
    const { root, store } = await repository();
    const task: BuildTask = { path, tools: '', build: () => Promise.reject(new Error('built')) };
    await expect(buildAll([task], { root, store })).rejects.toThrow(SyntaxError);
  });

  it('a store in it is refused: a change could bring results of its own', async () => {
    const { root, tasks } = await repository();
    const store = join(root, '.build-cache');
    await expect(buildAll(tasks, { root, store })).rejects.toThrow('it is inside');
    expect(existsSync(store)).toBe(false);
    const link = tempDir();
    onTestFinished(() => link.remove());
    symlinkSync(root, join(link.path, 'store'));
    await expect(buildAll(tasks, { root, store: join(link.path, 'store') })).rejects.toThrow('it is inside');
  });

  it('a link in the store is not followed', async () => {
    const { store, build } = await repository();
    await build();
    const [key = ''] = readdirSync(store);
    renameSync(join(store, key), join(store, 'moved'));
    symlinkSync(join(store, 'moved'), join(store, key));
    await expect(build()).rejects.toThrow(key);
  });
});
