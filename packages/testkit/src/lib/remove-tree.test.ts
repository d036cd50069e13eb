import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostileNames } from './hostile-names.js';
import { makeDeepChain } from './make-deep-chain.js';
import { makeTree } from './make-tree.js';
import { giveToOrdinaryUser } from './ordinary-user.js';
import { removeTree } from './remove-tree.js';
import { tempDir } from './temp-dir.js';

test('removeTree removes what may not be read', async () => {
  const root = await makeTree({ 'shut/inner/a': 'a', 'shut/b': 'b' });
  chmodSync(join(root, 'shut/inner'), 0);
  chmodSync(join(root, 'shut'), 0);
  await removeTree(root);
  expect(existsSync(root)).toBe(false);
  await removeTree(root);
});

test.runIf(process.platform === 'linux')(
  'removeTree removes paths beyond PATH_MAX and hostile names',
  async () => {
    const root = await makeTree(new Map(hostileNames.map((name) => [name, 'x'])));
    makeDeepChain(root, { depth: 40, name: 'd'.repeat(200), leaf: 'leaf' });
    await removeTree(root);
    expect(existsSync(root)).toBe(false);
  },
);

test('tempDir is gone after its scope', async () => {
  let path: string;
  {
    await using dir = tempDir();
    path = dir.path;
    expect(existsSync(path)).toBe(true);
  }
  expect(existsSync(path)).toBe(false);
});

test.runIf(process.getuid !== undefined)(
  'giveToOrdinaryUser makes a tree that permissions protect',
  async () => {
    await using dir = tempDir();
    await makeTree({ 'own/a': 'a' }, dir.path);
    const user = await giveToOrdinaryUser(dir.path);
    chmodSync(join(dir.path, 'own/a'), 0);
    // Not this Node: it may lie in a home that the user cannot enter.
    const { status, stdout } = spawnSync('/bin/cat', ['own/a'], { ...user, cwd: dir.path });
    expect([status, stdout.toString()]).toEqual([1, '']);
  },
);
