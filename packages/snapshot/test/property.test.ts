import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, openSnapshotter, type Snapshot } from '@muse/snapshot';
import { effort, oracle, type OracleAnswer, tempDir } from '@muse/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { casesFor } from './support/cases.js';
import { apply, edits } from './support/edits.js';

/** Milliseconds. */
const TIME = effort(2_000, 60_000);

const between = fc.constantFrom(
  'no snapshot',
  'the same snapshotter',
  'a new one',
  'both',
  'without a cache',
);

it('snapshots say what the oracle says, whatever is done to the tree between them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(edits, between, fc.boolean()), { minLength: 5, maxLength: 40 }),
      casesFor(TIME, async (steps) => {
        await using directory = tempDir();
        const root = directory.path;
        mkdirSync(join(root, '.muse'));
        await using snapshotter = await openSnapshotter(root, { threads: 1 });
        for (const [edit, who, deferManifest] of [...steps, [undefined, 'both', true] as const]) {
          if (edit) apply(root, edit);
          if (who === 'no snapshot') continue;
          const truth = await oracle(root);
          if (who === 'the same snapshotter' || who === 'both')
            check(await snapshotter.snapshot({ deferManifest, sizes: true }), truth);
          if (who === 'a new one' || who === 'both')
            check(await createSnapshot(root, { deferManifest, sizes: true }), truth);
          if (who === 'without a cache')
            check(await createSnapshot(root, { cache: false, sizes: true }), truth);
        }
        // Nothing was done since: all of it is known, but for what is still racy.
        const { stats } = await createSnapshot(root);
        expect(stats.hits).toBe(stats.files - stats.hashedFiles);
      }),
    ),
    { numRuns: effort(200, 10_000) },
  );
});

function check({ id, manifest, problems, stats, sizes }: Snapshot, truth: OracleAnswer): void {
  expect(problems).toEqual([]);
  expect([...manifest]).toEqual([...truth.manifest]);
  expect(id).toBe(truth.id);
  const misses = Object.values(stats.misses).reduce((sum, count) => sum + count, 0);
  expect([stats.files, stats.hits + misses]).toEqual([manifest.size, manifest.size]);
  const bytes = [...manifest.values()].reduce((sum, objectId) => sum + (sizes?.get(objectId) ?? NaN), 0);
  expect(bytes).toBe(stats.bytes);
}
