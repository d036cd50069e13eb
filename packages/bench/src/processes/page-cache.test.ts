import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { bytesFromDisk, whyNotFromDisk } from './page-cache.js';

describe('whyNotFromDisk()', () => {
  it('finds nothing in the way where the page cache can be emptied', async () => {
    await using directory = tempDir();
    const file = join(directory.path, 'drop_caches');
    writeFileSync(file, '');
    expect(whyNotFromDisk('ext4', file)).toBeUndefined();
    expect(readFileSync(file, 'utf8')).toBe('');
    expect(whyNotFromDisk('tmpfs', file)).toBe('the tree is on tmpfs, which has no disk');
  });

  it('says who may empty it where this process may not', () => {
    const reason = 'only root may empty the page cache, and on Linux alone (/no/such/file: ENOENT)';
    expect(whyNotFromDisk('ext4', '/no/such/file')).toBe(reason);
  });
});

it.runIf(process.platform === 'linux')('bytesFromDisk() is a count of bytes that only grows', () => {
  const before = bytesFromDisk();
  expect(before).toBeGreaterThan(0);
  expect(bytesFromDisk()).toBeGreaterThanOrEqual(before);
});
