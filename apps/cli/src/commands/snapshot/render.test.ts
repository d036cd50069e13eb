import type { SnapshotStats } from '@muse/snapshot';
import { describe, expect, it } from 'vitest';
import { details, rereadHint, summary } from './render.js';

const stats: SnapshotStats = {
  files: 78_579,
  bytes: 1_300_000_000,
  directories: 5_000,
  hits: 78_567,
  misses: { new: 2, size: 10, mtime: 0, ctime: 0, inode: 0, racy: 0, 'cache-reset': 0 },
  hashedFiles: 12,
  hashedBytes: 12_000,
  leftOut: {
    symlink: 82,
    fifo: 0,
    socket: 0,
    device: 0,
    unknown: 0,
    ignored: 0,
    reserved: 1,
    'other-device': 0,
  },
  racy: 0,
  ahead: 0,
  pruned: 3,
  milliseconds: { load: 40, scan: 200, hash: 30, save: 50, total: 320 },
};

describe('summary()', () => {
  it.each<[string, Partial<SnapshotStats>, string]>([
    ['some files changed', {}, '78,579 files · 1.30 GB · 12 hashed, the rest unchanged · 0.3 s'],
    ['nothing changed', { hits: 78_579, hashedFiles: 0 }, '78,579 files · 1.30 GB · all unchanged · 0.3 s'],
    [
      'nothing was cached',
      { hits: 0, hashedFiles: 78_579 },
      '78,579 files · 1.30 GB · 78,579 hashed · 0.3 s',
    ],
    ['there is one file', { files: 1, bytes: 5, hits: 0, hashedFiles: 1 }, '1 file · 5 B · 1 hashed · 0.3 s'],
    ['there is nothing', { files: 0, bytes: 0, hits: 0, hashedFiles: 0 }, '0 files · 0 B · 0.3 s'],
    [
      'it took long, and where',
      { milliseconds: { load: 40, scan: 2140, hash: 11_900, save: 99, total: 14_179 } },
      '78,579 files · 1.30 GB · 12 hashed, the rest unchanged · 14 s (scan 2.1 s, hash 12 s)',
    ],
  ])('tells that %s', (_case, change, line) => {
    expect(summary({ ...stats, ...change })).toBe(line);
  });
});

describe('details()', () => {
  it('names only what is not zero', () => {
    expect(details(stats)).toEqual([
      'time: load 40 ms, scan 200 ms, hash 30 ms, save 50 ms, total 320 ms',
      'read because: new 2, size 10',
      'left out: symlink 82, reserved 1',
      'too recent to be cached: 0; removed from the cache: 3',
    ]);
  });
});

describe('rereadHint()', () => {
  const misses = { ...stats.misses, inode: 400, ctime: 601 };

  it('tells of a cache that came from elsewhere, or else of a clock that is late, and once only', () => {
    expect(rereadHint({ ...stats, misses, ahead: 2000 })).toMatch(
      /^1,001 files were read again because their inode or ctime changed/,
    );
    expect(rereadHint({ ...stats, ahead: 1001 })).toMatch(/^1,001 files have a ctime in the future/);
  });

  it('is silent about a thousand of either', () => {
    expect(rereadHint({ ...stats, misses: { ...misses, inode: 399 }, ahead: 1000 })).toBeUndefined();
  });
});
