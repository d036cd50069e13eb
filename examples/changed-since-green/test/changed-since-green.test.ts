import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beginRun } from '@muse/example-changed-since-green';
import { makeTree, removeTree, tempDir } from '@muse/testkit';
import { expect, it, onTestFinished } from 'vitest';

async function project() {
  const root = await makeTree({ '.muse/cache': {}, src: { a: 'a', b: 'b', c: 'c' } });
  const kept = tempDir();
  onTestFinished(async () => {
    await removeTree(root);
    await kept.remove();
  });
  const record = join(kept.path, 'ci/green.json');
  return { root, kept, record, begin: () => beginRun(root, record) };
}

it('has everything to test until a run was green', async () => {
  const { begin } = await project();
  expect((await begin()).changed).toEqual(['src/a', 'src/b', 'src/c']);
  const second = await begin();
  expect(second.changed).toEqual(['src/a', 'src/b', 'src/c']);
  await second.markGreen();
  expect(await begin()).toMatchObject({ changed: [], gone: [] });
});

it('names what changed since, and what is gone', async () => {
  const { root, begin } = await project();
  await (await begin()).markGreen();
  writeFileSync(join(root, 'src/a'), 'a 2');
  renameSync(join(root, 'src/b'), join(root, 'src/z'));
  rmSync(join(root, 'src/c'));
  expect(await begin()).toMatchObject({ changed: ['src/a', 'src/z'], gone: ['src/c', 'src/b'] });
});

it('does not call green what was edited while the tests ran', async () => {
  const { root, begin } = await project();
  const run = await begin();
  writeFileSync(join(root, 'src/a'), 'edited meanwhile');
  await run.markGreen();
  expect((await begin()).changed).toEqual(['src/a']);
});

it('has everything to test when the record is damaged, and leaves one file', async () => {
  const { record, kept, begin } = await project();
  await (await begin()).markGreen();
  expect(readdirSync(join(kept.path, 'ci'))).toEqual(['green.json']);
  writeFileSync(record, '{"version":1');
  expect((await begin()).changed).toHaveLength(3);
});
