import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  createReadStream,
  openSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  closeSync,
  readFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { createSnapshot, openSnapshotter } from '@muse/snapshot';
import { blobId } from '@muse/stat-cache';
import { oracle } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cachedPaths, expectTruth, museTree } from './support/trees.js';

/** Starts a thread that writes to a file all the time; returns what ends it. */
async function writeAllTheTime(path: string): Promise<() => Promise<void>> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./support/appender.js', import.meta.url), {
    workerData: { path, stop },
  });
  onTestFinished(async () => {
    await worker.terminate();
  });
  await once(worker, 'message');
  return async () => {
    Atomics.store(stop, 0, 1);
    await once(worker, 'exit');
  };
}

describe('a file that is written all the time', () => {
  it.each([1, 2])('is torn with %i threads, and no hit later', async (threads) => {
    const others = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`d/f${i}`, `${i}`]));
    const root = await museTree({ ...others, busy: '' });
    truncateSync(join(root, 'busy'), 64 * 1024 * 1024);
    const stop = await writeAllTheTime(join(root, 'busy'));
    await using snapshotter = await openSnapshotter(root, { threads });
    // To read it takes some 50 ms, many ticks of the clock by which its change time goes; but where the writer gets no
    // processor for so long, the file is at rest.
    let busy = await snapshotter.snapshot();
    while (busy.complete) busy = await snapshotter.snapshot();
    expect(busy.problems).toEqual([
      {
        path: 'busy',
        kind: 'torn',
        operation: 'read',
        code: 'ETORN',
        message: 'it changed each time it was read',
      },
    ]);
    expect(busy).toMatchObject({ complete: false, stats: { files: 300 } });
    expect(busy.manifest.has('busy')).toBe(false);
    expect(await cachedPaths(root)).not.toContain('busy');
    await stop();
    const truth = await oracle(root);
    await expectTruth(root, await snapshotter.snapshot(), truth);
    await expectTruth(root, await createSnapshot(root), truth);
  });
});

describe('a small file that is rewritten between snapshots, in the same size and at once', () => {
  it('has the id of what it holds in each of them', async () => {
    const root = await museTree({ f: 'content 0000' });
    await using snapshotter = await openSnapshotter(root, { threads: 1 });
    for (let i = 1; i <= 60; i++) {
      const content = `content ${String(i).padStart(4, '0')}`;
      writeFileSync(join(root, 'f'), content);
      const { manifest } = await (i % 3 === 0 ? createSnapshot(root) : snapshotter.snapshot());
      expect(manifest.get('f')).toBe(blobId(Buffer.from(content)));
    }
  });

  it('even in the middle of a snapshot, never has a wrong one afterwards', async () => {
    const root = await museTree({ f: 'a'.repeat(65_536) });
    await using snapshotter = await openSnapshotter(root, { threads: 1 });
    for (let i = 0; i < 40; i++) {
      const snapshot = snapshotter.snapshot();
      const fd = openSync(join(root, 'f'), 'r+');
      for (let wait = 0; wait < i % 8; wait++) await new Promise((resolve) => setImmediate(resolve));
      writeSync(fd, Buffer.alloc(65_536, String.fromCharCode(97 + (i % 26))), 0, 65_536, 0);
      closeSync(fd);
      await snapshot;
      const { manifest } = await snapshotter.snapshot();
      expect(manifest.get('f')).toBe(blobId(readFileSync(join(root, 'f'))));
    }
  });
});

const hasPython = spawnSync('python3', ['-c', 'import mmap']).status === 0;

/**
 * Copies a file over another one with a single write, out of a mapping whose pages were dropped from memory: the
 * kernel stamps the target when the write begins, and then waits for the disk page by page.
 */
const SLOW_WRITE = `
import mmap, os, sys, time
source, target = sys.argv[1:]
fd = os.open(source, os.O_RDONLY)
pages = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
pages.madvise(mmap.MADV_RANDOM)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
out = os.open(target, os.O_WRONLY)
done = 0
longest = 0
while done < len(pages):
    begin = time.monotonic()
    done += os.write(out, memoryview(pages)[done:])
    longest = max(longest, time.monotonic() - begin)
os.close(out)
print(longest)
`;

const SLOW_WRITE_BYTES = 16 * 1024 * 1024;
/** Seconds: 16 MiB a second. */
const SLOWEST_PROMISED = SLOW_WRITE_BYTES / (16 * 1024 * 1024);

describe.runIf(process.platform === 'linux' && hasPython)('a file rewritten by one slow write', () => {
  it('never keeps a wrong id afterwards', async () => {
    const content = (letter: string) => Buffer.alloc(SLOW_WRITE_BYTES, letter);
    const root = await museTree({ f: content('a') });
    const sources = await museTree({ b: content('b'), c: content('c') });
    await promisify(execFile)('sync', ['-d', join(sources, 'b'), join(sources, 'c')]);
    await using snapshotter = await openSnapshotter(root, { threads: 1 });
    await snapshotter.snapshot();
    for (const source of ['b', 'c']) {
      const writer = promisify(execFile)('python3', [
        '-c',
        SLOW_WRITE,
        join(sources, source),
        join(root, 'f'),
      ]);
      const state = { writing: true };
      const end = writer.finally(() => (state.writing = false));
      while (state.writing) await snapshotter.snapshot();
      const seconds = Number((await end).stdout);
      const truth = await digestOf(join(root, 'f'));
      if (seconds > SLOWEST_PROMISED) {
        // On a busy machine it may be slower than what is promised: then this tells nothing.
        utimesSync(join(root, 'f'), 0, 0);
        await snapshotter.snapshot();
        continue;
      }
      expect((await snapshotter.snapshot()).manifest.get('f')).toBe(truth);
      expect((await createSnapshot(root)).manifest.get('f')).toBe(truth);
    }
  });
});

describe('a file rewritten in pieces', () => {
  it('never keeps a wrong id afterwards', async () => {
    const root = await museTree({ f: Buffer.alloc(2_000_000, 'a') });
    await using snapshotter = await openSnapshotter(root, { threads: 1 });
    for (const letter of ['b', 'c', 'd']) {
      const fd = openSync(join(root, 'f'), 'r+');
      for (let at = 0; at < 2_000_000; at += 250_000) {
        writeSync(fd, Buffer.alloc(250_000, letter), 0, 250_000, at);
        if (at % 500_000 === 0) await snapshotter.snapshot();
      }
      closeSync(fd);
      expect((await snapshotter.snapshot()).manifest.get('f')).toBe(blobId(Buffer.alloc(2_000_000, letter)));
    }
  });
});

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}
