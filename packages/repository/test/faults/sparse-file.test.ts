import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { effort, nightly, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { startMuse, type Ended, type Running } from './support/muse-process.js';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** Zero bytes, and their SHA-256 by coreutils' `sha256sum`. */
const zeros = nightly
  ? { bytes: 10 * GIB, sha256: '732377e7f4a2abdc13ddfa1eb4c9c497fd2a2b294674d056cf51581b47dd586d' }
  : { bytes: 320 * MIB, sha256: '9942003e84c1648820149cb7b82869eb1e6515ddd04951bd2c69f9273b09c053' };
const MOST_MEMORY = 150 * MIB;

async function makeSparse(path: string, bytes: number): Promise<void> {
  await writeFile(path, '');
  await truncate(path, bytes);
}

/** The most memory that a process had resident in its life so far, in bytes; 0 once it is gone. */
async function peakMemory({ pid }: Running): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Resolves once a process has read that many bytes. */
async function hasRead({ pid }: Running, bytes: number): Promise<void> {
  for (;;) {
    const io = await readFile(`/proc/${pid}/io`, 'utf8');
    if (Number(/^rchar: (\d+)$/m.exec(io)?.[1]) >= bytes) return;
    await setTimeout(20);
  }
}

describe.runIf(process.platform === 'linux')('a large file', () => {
  it('a snapshot takes no more memory for it', async () => {
    await using directory = tempDir();
    await makeSparse(join(directory.path, 'large'), zeros.bytes);
    const running = startMuse(['snapshot', '--format', 'sha256sum', directory.path], {
      patience: effort(200_000, 1_000_000),
    });
    let peak = 0;
    let ended: Ended | undefined;
    while (!ended) {
      peak = Math.max(peak, await peakMemory(running));
      ended = await Promise.race([running.ended, setTimeout(20, undefined)]);
    }
    const { code, stdout } = ended;
    expect(code).toBe(0);
    expect(stdout).toBe(`${zeros.sha256}  large\n`);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(MOST_MEMORY);
  });

  it('an interrupt in the middle of it ends the program within a second', async () => {
    await using directory = tempDir();
    await makeSparse(join(directory.path, 'endless'), 1024 * GIB);
    const took: number[] = [];
    // The best of ten: pauses of the machine must not decide.
    while (took.length < 10 && !took.some((ms) => ms < 1000)) {
      const running = startMuse(['snapshot', directory.path]);
      await hasRead(running, GIB / 4);
      const struck = performance.now();
      running.kill('SIGINT');
      expect(await running.ended).toMatchObject({ code: null, signal: 'SIGINT', stdout: '', stderr: '' });
      took.push(performance.now() - struck);
    }
    expect(Math.min(...took)).toBeLessThan(1000);
  });
});
