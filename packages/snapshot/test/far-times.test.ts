import { existsSync, lstatSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSnapshot, explain } from '@muse/snapshot';
import { removeTree } from '@muse/testkit';
import { walk } from '@muse/walker';
import { describe, expect, it, onTestFinished } from 'vitest';

/** Seconds around the ends of nanoseconds in 64 bits, and far beyond; a file system keeps those that it can. */
const SECONDS = [
  ...[9_223_372_036, 9_223_372_037, 13_000_000_000, 18_446_744_074.5, 1e12, 2 ** 50, 2 ** 60],
  ...[0, -0.5, -1, -1.5, -2_147_483_648, -9_223_372_036, -9_223_372_037.5, -18_446_744_074, -(2 ** 50)],
];
/** The second one keeps every second of 64 bits, on Linux. */
const PLACES = [tmpdir(), '/dev/shm'].filter(existsSync);

function treeIn(place: string): string {
  const root = mkdtempSync(join(place, 'muse-times-'));
  onTestFinished(() => removeTree(root));
  mkdirSync(join(root, '.muse'));
  for (const [index, seconds] of SECONDS.entries()) {
    writeFileSync(join(root, `f${index}`), `content ${index}`);
    utimesSync(join(root, `f${index}`), seconds, seconds);
  }
  return root;
}

describe.each(PLACES)('files in %s with times of any year', (place) => {
  it('are hits in the second snapshot, with threads and without, and explain says so', async () => {
    const root = treeIn(place);
    await createSnapshot(root);
    for (const threads of [1, 2]) {
      const { stats } = await createSnapshot(root, { threads });
      expect(stats).toMatchObject({ hits: SECONDS.length, hashedFiles: 0 });
    }
    for (const index of SECONDS.keys())
      expect(await explain(root, `f${index}`)).toMatchObject({ outcome: 'hit' });
  });

  it('are walked with exactly these times', async () => {
    const root = treeIn(place);
    const { files } = await walk(root);
    const times = files.map(({ path, stat: { mtimeNs, ctimeNs } }) => ({ path, mtimeNs, ctimeNs }));
    expect(times).toEqual(
      files.map(({ path }) => {
        const { mtimeNs, ctimeNs } = lstatSync(join(root, path), { bigint: true });
        return { path, mtimeNs, ctimeNs };
      }),
    );
  });
});
