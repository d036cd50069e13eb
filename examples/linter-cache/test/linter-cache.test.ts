import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lintTree, type Linter } from '@muse/example-linter-cache';
import { toNativePath, treePathFromBytes } from '@muse/paths';
import { loadCache } from '@muse/stat-cache';
import { hostileNames, makeTree, removeTree } from '@muse/testkit';
import { expect, it, onTestFinished } from 'vitest';

const noTabs: Linter = { name: 'no-tabs 1', lint: (text) => (text.includes('\t') ? ['has a tab'] : []) };

async function project(): Promise<string> {
  const root = await makeTree({
    '.muse/cache': {},
    'a.js': 'a',
    'b.js': '\tb',
    src: { 'c.js': 'c', 'd.txt': '\t' },
  });
  onTestFinished(() => removeTree(root));
  return root;
}

it('lints each content once, over runs and touches', async () => {
  const root = await project();
  const findings = new Map([['b.js', ['has a tab']]]);
  expect(await lintTree(root, '.js', noTabs)).toMatchObject({ findings, linted: 3 });
  expect(await lintTree(root, '.js', noTabs)).toMatchObject({ findings, linted: 0 });
  utimesSync(join(root, 'a.js'), 1, 1);
  expect(await lintTree(root, '.js', noTabs)).toMatchObject({ findings, linted: 0 });
});

it('lints what was edited', async () => {
  const root = await project();
  await lintTree(root, '.js', noTabs);
  writeFileSync(join(root, 'b.js'), ' b');
  writeFileSync(join(root, 'a.js'), '\t');
  const findings = new Map([['a.js', ['has a tab']]]);
  expect(await lintTree(root, '.js', noTabs)).toMatchObject({ findings, linted: 2 });
});

it('lints everything again with another version', async () => {
  const root = await project();
  await lintTree(root, '.js', noTabs);
  const next: Linter = { name: 'no-tabs 2', lint: () => [] };
  expect(await lintTree(root, '.js', next)).toMatchObject({ findings: new Map(), linted: 3 });
});

it('names what changed since the snapshot, and neither lints nor keeps it', async () => {
  const root = await project();
  const editing: Linter = {
    name: noTabs.name,
    lint(text) {
      expect(text).not.toContain('later');
      writeFileSync(join(root, 'b.js'), '\t later');
      return noTabs.lint(text);
    },
  };
  const { findings, unread } = await lintTree(root, '.js', editing);
  expect(findings).toEqual(new Map());
  expect(unread).toEqual(new Map([['b.js', 'It changed since it was listed']]));
  writeFileSync(join(root, 'b.js'), '\tb');
  expect((await lintTree(root, '.js', noTabs)).findings).toEqual(new Map([['b.js', ['has a tab']]]));
});

it.each([
  ['a file', 'b.js', 'b.js'],
  ['a directory', 'src', 'src/c.js'],
])('reads through no link that %s was swapped for', async (_what, swapped, path) => {
  const root = await project();
  const elsewhere = await makeTree({ 'b.js': 'secret', src: { 'c.js': 'secret' } });
  onTestFinished(() => removeTree(elsewhere));
  const swapping: Linter = {
    name: noTabs.name,
    lint(text) {
      expect(text).not.toContain('secret');
      rmSync(join(root, swapped), { recursive: true, force: true });
      symlinkSync(join(elsewhere, swapped), join(root, swapped));
      return [];
    },
  };
  expect([...(await lintTree(root, '.js', swapping)).unread.keys()]).toEqual([path]);
});

it.skipIf(process.platform === 'win32')('does not wait for a FIFO that a file was swapped for', async () => {
  const root = await project();
  const swapping: Linter = {
    name: noTabs.name,
    lint() {
      rmSync(join(root, 'b.js'), { force: true });
      execFileSync('mkfifo', [join(root, 'b.js')]);
      return [];
    },
  };
  expect([...(await lintTree(root, 'a.js', swapping)).unread.keys()]).toEqual([]);
  writeFileSync(join(root, 'a.js'), 'new');
  rmSync(join(root, 'b.js'));
  writeFileSync(join(root, 'b.js'), 'new too');
  expect([...(await lintTree(root, '.js', swapping)).unread.keys()]).toContain('b.js');
});

it.each(['', '{', 'null', '{}', '["no-tabs 1", 1]', '"no-tabs 1"'])(
  'lints again where another plugin kept %j under the name',
  async (value) => {
    const root = await project();
    await lintTree(root, '.js', noTabs);
    const cache = await loadCache(root);
    for (const [path, { objectId }] of cache.entries()) cache.setDimension(path, objectId, 'lint', value);
    await cache.save();
    expect((await lintTree(root, '.js', noTabs)).linted).toBe(3);
  },
);

it('lints files of any name', async () => {
  const root = await project();
  const paths = hostileNames
    .filter((name) => name.length <= 252)
    .map((name) => treePathFromBytes(Buffer.concat([Buffer.from('src/'), name, Buffer.from('.js')])));
  for (const path of paths) writeFileSync(toNativePath(root, path), `\t${path}`);
  const { findings, linted } = await lintTree(root, '.js', noTabs);
  expect(new Set(findings.keys())).toEqual(new Set([...paths, 'b.js']));
  expect(linted).toBe(paths.length + 3);
  expect(await lintTree(root, '.js', noTabs)).toMatchObject({ findings, linted: 0 });
});

it('has its findings where they cannot be kept', async () => {
  const root = await project();
  const blocking: Linter = {
    name: noTabs.name,
    lint(text) {
      rmSync(join(root, '.muse/cache/stat.json'), { recursive: true, force: true });
      mkdirSync(join(root, '.muse/cache/stat.json'));
      return noTabs.lint(text);
    },
  };
  const { findings, saveError } = await lintTree(root, '.js', blocking);
  expect(findings.get('b.js')).toEqual(['has a tab']);
  expect(saveError?.message).toContain('not a regular file');
});
