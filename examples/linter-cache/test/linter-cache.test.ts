import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lintTree, type Linter } from '@muse/example-linter-cache';
import { makeTree, removeTree } from '@muse/testkit';
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

it('does not keep what it found in bytes that came after the snapshot', async () => {
  const root = await project();
  const editing: Linter = {
    name: noTabs.name,
    lint(text) {
      writeFileSync(join(root, 'b.js'), 'b without one');
      return noTabs.lint(text);
    },
  };
  await lintTree(root, 'js', editing);
  writeFileSync(join(root, 'b.js'), '\tb');
  expect((await lintTree(root, '.js', noTabs)).findings).toEqual(new Map([['b.js', ['has a tab']]]));
});
