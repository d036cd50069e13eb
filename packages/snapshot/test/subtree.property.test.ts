import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, openSnapshotter, type Snapshot } from '@muse/snapshot';
import { effort, oracle, tempDir } from '@muse/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { casesFor } from './support/cases.js';
import { apply, edits } from './support/edits.js';

/** Milliseconds. */
const TIME = effort(2_000, 60_000);

const SUBTREES = ['', 'c', 'c/e', 'f'] as const;
const step = fc.tuple(edits, fc.subarray([...SUBTREES]), fc.boolean());

it('snapshots of parts and of the whole say what the oracle says, in any order, with one cache', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 30 }),
      fc.boolean(),
      casesFor(TIME, async (steps, keep) => {
        await using directory = tempDir();
        const root = directory.path;
        mkdirSync(join(root, '.muse'));
        mkdirSync(join(root, 'c/e'), { recursive: true });
        await using kept = await openSnapshotter(root, { threads: 1, subtree: 'c' });
        for (const [edit, subtrees, deferManifest] of [...steps, [undefined, SUBTREES, true] as const]) {
          if (edit) apply(root, edit);
          for (const subtree of subtrees) {
            const taking =
              keep && subtree === 'c'
                ? kept.snapshot({ deferManifest })
                : createSnapshot(root, { subtree, threads: 1, deferManifest });
            if (isDirectory(root, subtree)) await check(join(root, subtree), await taking);
            else await expect(taking).rejects.toMatchObject({ path: subtree });
          }
        }
      }),
    ),
    { numRuns: effort(200, 10_000) },
  );
});

/** Whether there is a directory, and each one above it is one and no link. */
function isDirectory(root: string, path: string): boolean {
  const segments = path.split('/');
  return segments.every((_, index) => {
    const at = join(root, ...segments.slice(0, index + 1));
    return lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === true;
  });
}

async function check(directory: string, { id, manifest, problems, stats }: Snapshot): Promise<void> {
  const truth = await oracle(directory);
  expect(problems).toEqual([]);
  expect([...manifest]).toEqual([...truth.manifest]);
  expect(id).toBe(truth.id);
  const misses = Object.values(stats.misses).reduce((sum, count) => sum + count, 0);
  expect([stats.files, stats.hits + misses]).toEqual([manifest.size, manifest.size]);
}
