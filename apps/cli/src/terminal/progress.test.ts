import type { Progress } from '@muse/snapshot';
import { describe, expect, it } from 'vitest';
import { progressLine } from './progress.js';

const hashing: Progress = {
  phase: 'hash',
  files: 4_000,
  hashedFiles: 1_500,
  filesToHash: 3_000,
  hashedBytes: 250_000_000,
  bytesToHash: 1_000_000_000,
};

describe('progressLine()', () => {
  it('counts files while the tree is listed', () => {
    expect(progressLine({ ...hashing, phase: 'scan' }, 0)).toBe('listing  4,000 files');
    expect(progressLine({ ...hashing, filesToHash: 0 }, 0)).toBe('listing  4,000 files');
  });

  it('shows files, bytes and what is left of the time, by bytes', () => {
    expect(progressLine(hashing, 10_000)).toBe(
      'hashing  [======                  ] 25 %  1,500 of 3,000 files  250 MB of 1.00 GB  25.0 MB/s  ETA 30 s',
    );
  });

  it('promises no time before anything is done', () => {
    expect(progressLine({ ...hashing, hashedBytes: 0 }, 10)).not.toContain('ETA');
  });

  it('goes by files where they are all empty', () => {
    expect(progressLine({ ...hashing, hashedBytes: 0, bytesToHash: 0 }, 10)).toContain('50 %');
  });

  it('stops at the end when files grew', () => {
    expect(progressLine({ ...hashing, hashedBytes: 2_000_000_000 }, 10)).toContain('] 100 %');
  });
});
