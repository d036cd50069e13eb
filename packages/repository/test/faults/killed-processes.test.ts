import { mkdirSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { cacheDir, statCachePath } from '@muse/paths';
import { effort, kernelTree, oracle, seededRandom, tempDir } from '@muse/testkit';
import { expect, it } from 'vitest';
import { cacheState, temporaryFiles } from './support/cache-file.js';
import { startChurn } from './support/churn.js';
import { muse, startMuse, type Ended } from './support/muse-process.js';
import { takeSnapshot } from './support/snapshot-answer.js';

const PROCESSES = 3;
/** Rounds between two looks at whether the answer is still right. */
const ROUNDS_TO_CHECK = 6;
const SHORT_MS = 4000;

/** What a round hits all its processes with, one round after the other. */
const blows = ['SIGINT', 'SIGKILL', 'SIGTERM'] as const;
type Blow = (typeof blows)[number];

/** Done, or done but for a file that kept changing. */
const doneCodes = [0, 3];

it('a killed snapshot leaves a whole cache, an interrupted one nothing else', async () => {
  const random = seededRandom(20_261_122);
  await using directory = tempDir();
  const root = directory.path;
  kernelTree({ root, files: 1200, fileBytes: 3000 });
  mkdirSync(cacheDir(root), { recursive: true });
  const usualMs = await howLongItTakes(root);
  const counts = { rounds: 0, changes: 0, done: 0, SIGKILL: 0, SIGINT: 0, SIGTERM: 0 };

  const until = Date.now() + effort(SHORT_MS, 60_000);
  const goesOn = () => Date.now() < until || counts.SIGINT === 0 || counts.SIGKILL === 0;
  while (goesOn()) {
    await using churn = startChurn(root, counts.rounds);
    for (let round = 0; round < ROUNDS_TO_CHECK && goesOn(); round++) await oneRound();
    await churn.stop();
    counts.changes += churn.changes;

    const [{ code, answer }, expected] = [await takeSnapshot(root), await oracle(root)];
    expect({ code, ...answer }).toEqual({ code: 0, ...expected });
  }

  async function oneRound(): Promise<void> {
    const blow = blows[counts.rounds++ % blows.length] ?? 'SIGKILL';
    if (random() < 0.3) rmSync(statCachePath(root), { force: true });
    const left = await temporaryFiles(root);
    await Promise.all(Array.from({ length: PROCESSES }, () => strike(blow, random() * usualMs * 1.2)));
    if (blow !== 'SIGKILL') expect(await temporaryFiles(root)).toEqual(left);
  }

  async function strike(blow: Blow, afterMs: number): Promise<void> {
    const running = startMuse(['snapshot', '--quiet', root]);
    await Promise.race([setTimeout(afterMs), running.ended]);
    running.kill(blow);
    const ended = await running.ended;
    expect(await cacheState(root)).toMatch(/^(?:absent|valid)$/);
    counts[outcomeOf(ended, blow)]++;
  }
});

/** Says how a run ended, and fails when it did in no way that it may. */
function outcomeOf({ code, signal, stdout }: Ended, blow: Blow): Blow | 'done' {
  if (code !== null && doneCodes.includes(code)) return 'done';
  expect(signal).toBe(blow);
  expect(stdout).toMatch(/^(?:sha256:[0-9a-f]{64}\n)?$/);
  return blow;
}

/** Milliseconds, with as many processes at once as there will be. */
async function howLongItTakes(root: string): Promise<number> {
  const started = performance.now();
  await Promise.all(Array.from({ length: PROCESSES }, () => muse(['snapshot', root])));
  return performance.now() - started;
}
