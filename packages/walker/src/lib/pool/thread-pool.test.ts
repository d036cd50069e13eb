import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { threadCount, ThreadPool } from './thread-pool.js';

describe('threadCount()', () => {
  it('is one per processor by default, and otherwise what was asked for', () => {
    expect(threadCount()).toBe(availableParallelism());
    expect(threadCount(1)).toBe(1);
    expect(threadCount(64)).toBe(64);
  });

  it('has a bound, so that no number ends the process', () => {
    expect(threadCount(1_000_000)).toBe(Math.max(64, availableParallelism()));
  });
});

describe('ThreadPool', () => {
  it('starts threads only for work that is worth them, and leaves a processor to a thread that works itself', async () => {
    const pool = new ThreadPool(() => new URL('data:text/javascript,setInterval(Object, 1e6)'), 3);
    const threadsAfter = (...[work, amount]: Parameters<ThreadPool['startFor']>) => {
      pool.startFor(work, amount);
      return pool.started ? pool.capacity / 2 : 0;
    };
    expect(threadsAfter('listedEntries', 1000)).toBe(0);
    expect(threadsAfter('knownFiles', 4000)).toBe(0);
    expect(threadsAfter('cacheBytes', 2 ** 20)).toBe(0);
    expect(threadsAfter('filesToHash', 256)).toBe(0);
    expect(threadsAfter('listedEntries', 1001)).toBe(2);
    expect(threadsAfter('filesToHash', 257)).toBe(3);
    expect(threadsAfter('knownFiles', 4001)).toBe(3);
    await pool.close();
  });
});
