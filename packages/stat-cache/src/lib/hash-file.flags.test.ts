import { constants } from 'node:fs';
import { makeTree, removeTree } from '@muse/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { hashFileSync, syncCalls } from './hash-file.js';

it.skipIf(process.platform === 'win32')(
  'hashFile opens for reading alone, follows no link in the last segment and waits at no FIFO',
  async () => {
    const root = await makeTree({ a: 'x' });
    onTestFinished(() => removeTree(root));
    const flags: number[] = [];
    const open: typeof syncCalls.open = (path, given) => {
      flags.push(given);
      return syncCalls.open(path, given);
    };
    hashFileSync(`${root}/a`, {}, { ...syncCalls, open });
    expect(flags).toEqual([constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK]);
  },
);
