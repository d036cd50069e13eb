import { existsSync, writeFileSync } from 'node:fs';
import { statCachePath } from '@muse/paths';
import { makeTree, removeTree } from '@muse/testkit';
import { expect, it, onTestFinished } from 'vitest';
import type { BenchTree } from '../trees/bench-tree.js';
import { fromDisk } from './from-disk.js';

it.each([
  { delivered: 2_000_000, note: undefined },
  { delivered: 1_999_999, note: 'only 2.0 MB of 2.0 MB came from the disk' },
  { delivered: 500_000, note: 'only 0.5 MB of 2.0 MB came from the disk' },
])(
  'fromDisk() empties both caches before a run, and tells of $delivered bytes of 2 MB: $note',
  async (each) => {
    const root = await makeTree({ '.muse': { cache: {} } });
    onTestFinished(() => removeTree(root));
    writeFileSync(statCachePath(root), '');
    const calls: string[] = [];
    let counter = 7;
    const run = () => {
      calls.push('run');
      counter += each.delivered;
      return { milliseconds: 5 };
    };
    const disk = { empty: () => void calls.push('empty'), delivered: () => counter };
    const tree = { root, bytes: 2_000_000 } as BenchTree;
    const contestant = fromDisk(tree, { case: 'disk', name: 'a', role: 'peer', run }, disk);
    contestant.prepare?.();
    expect(existsSync(statCachePath(root))).toBe(false);
    const sample = await contestant.run();
    expect(calls).toEqual(['empty', 'run']);
    expect(sample.milliseconds).toBe(5);
    expect(sample.note).toBe(each.note);
  },
);
