import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bareTree, museTree } from './support/trees.js';
import { ask, hasEvents, watchSettled } from './support/watching.js';

describe.skipIf(!hasEvents)('rules in a watched tree', () => {
  it('that change say what is left out far below, from the top down', async () => {
    const root = await museTree({ 'd/e/f/a': 'a', 'd/e/f/b': 'b', 'd/e/a': 'a' });
    const snapshotter = await watchSettled(root, { gitignore: true });
    for (const patterns of ['a\n', 'b\n', '']) {
      writeFileSync(join(root, 'd/.gitignore'), patterns);
      expect(await ask(snapshotter, { gitignore: true })).toBe('events');
    }
    rmSync(join(root, 'd/.gitignore'));
    await ask(snapshotter, { gitignore: true });
  });

  it('that are edited through another name outside say what is left out far below', async () => {
    const [root, outside] = [
      await museTree({ 'd/e/f/a': 'a', 'd/e/f/b': 'b' }),
      await bareTree({ rules: 'a\n' }),
    ];
    linkSync(join(outside, 'rules'), join(root, 'd/.gitignore'));
    // Until then all is listed once more.
    await sleep(2500);
    const snapshotter = await watchSettled(root, { gitignore: true });
    for (const patterns of ['b\n', 'a\n']) {
      writeFileSync(join(outside, 'rules'), patterns);
      await ask(snapshotter, { gitignore: true });
    }
  });
});
