import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { museTree } from './support/trees.js';
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
});
