import { mkdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { cacheDir } from '@muse/paths';
import { openSnapshotter } from '@muse/snapshot';
import { effort, kernelTree, oracle, tempDir } from '@muse/testkit';
import { expect, it } from 'vitest';
import { cacheState, temporaryFiles } from './support/cache-file.js';
import { startChurn } from './support/churn.js';
import { muse } from './support/muse-process.js';
import { takeSnapshot } from './support/snapshot-answer.js';

const PROCESSES = 3;
const SNAPSHOTTERS = 3;
const SHORT_MS = 2000;
/** Done, or done but for a file that kept changing. */
const doneCodes = [0, 3];

it('snapshots that run at once never show each other half a cache', async () => {
  await using directory = tempDir();
  const root = directory.path;
  kernelTree({ root, files: 1200, fileBytes: 3000 });
  mkdirSync(cacheDir(root), { recursive: true });
  const counts = { changes: 0, byProcesses: 0, bySnapshotters: 0, looks: 0, mostTemporaryFiles: 0 };

  const until = Date.now() + effort(SHORT_MS, 60_000);
  const untilDone = async (work: () => Promise<void>) => {
    do await work();
    while (Date.now() < until);
  };
  {
    await using churn = startChurn(root, 2);
    const writers = [
      ...Array.from({ length: PROCESSES }, () => untilDone(inProcess)),
      ...Array.from({ length: SNAPSHOTTERS }, inThisProcess),
    ];
    let writing = true;
    const watching = watch(() => writing);
    await Promise.all(writers).finally(() => (writing = false));
    await watching;
    counts.changes = churn.changes;
  }

  expect(await temporaryFiles(root)).toEqual([]);
  expect(counts.mostTemporaryFiles).toBeLessThanOrEqual(PROCESSES + SNAPSHOTTERS);
  const expected = await oracle(root);
  const { code, answer } = await takeSnapshot(root);
  expect({ code, ...answer }).toEqual({ code: 0, ...expected });
  const again = await takeSnapshot(root);
  expect(again.answer).toEqual(expected);
  expect(again.document.stats).toMatchObject({ hits: expected.manifest.size, hashed_files: 0 });

  async function inProcess(): Promise<void> {
    const { code, stderr } = await muse(['snapshot', '--quiet', root]);
    expect(doneCodes, stderr).toContain(code);
    expect(stderr).not.toContain('warning');
    counts.byProcesses++;
  }

  async function inThisProcess(): Promise<void> {
    await using snapshotter = await openSnapshotter(root, { threads: 2 });
    await untilDone(async () => {
      const { saveError } = await snapshotter.snapshot();
      expect(saveError).toBeUndefined();
      counts.bySnapshotters++;
    });
  }

  async function watch(goesOn: () => boolean): Promise<void> {
    let before = 'absent';
    for (; goesOn(); counts.looks++) {
      const state = await cacheState(root);
      // Once there is a version, there always is one.
      if (state !== 'valid') expect({ before, state }).toEqual({ before: 'absent', state: 'absent' });
      before = state;
      const { length } = await temporaryFiles(root);
      counts.mostTemporaryFiles = Math.max(counts.mostTemporaryFiles, length);
      await nextTurn();
    }
  }
});
