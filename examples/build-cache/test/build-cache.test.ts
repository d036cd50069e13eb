import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildAll, type BuildTask } from '@muse/example-build-cache';
import { makeTree, removeTree, tempDir } from '@muse/testkit';
import { expect, it, onTestFinished } from 'vitest';

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
