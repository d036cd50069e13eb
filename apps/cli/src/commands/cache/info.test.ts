import { describe, expect, it } from 'vitest';
import { cacheInfoLines, settingsLines } from './info.js';

const info = {
  file: '/r/.muse/cache/stat.json',
  bytes: 17_901_234,
  entries: 78_579,
  dropped: 0,
  discarded: undefined,
  dimensions: new Map(),
};

describe('cacheInfoLines()', () => {
  it('tells of a cache', () => {
    expect(
      cacheInfoLines({
        ...info,
        dimensions: new Map([
          ['symbols', 1200],
          ['__proto__', 1],
        ]),
      }),
    ).toEqual([
      'file        /r/.muse/cache/stat.json',
      'size        17.9 MB',
      'entries     78,579',
      'dropped     0',
      'dimensions  symbols 1,200, __proto__ 1',
    ]);
  });

  it('tells of none, and of one that cannot be used', () => {
    expect(cacheInfoLines({ ...info, bytes: undefined })).toContain('size        no such file');
    expect(cacheInfoLines({ ...info, bytes: 12, discarded: 'checksum' })).toEqual(
      expect.arrayContaining(['size        12 B', 'discarded   checksum: every file is read again']),
    );
  });
});

describe('settingsLines()', () => {
  it('has each option as it would be typed', () => {
    const options = { exclude: ['*.o', 'a'], gitignore: true, noIgnore: false, trustOwners: [0, 7] };
    expect(settingsLines('/r/.muse/snapshot.toml', options)).toEqual([
      'settings    /r/.muse/snapshot.toml, which git ignores with all of .muse',
      '  --gitignore',
      "  --exclude '*.o'",
      '  --exclude a',
      '  --trust-owner 0',
      '  --trust-owner 7',
    ]);
  });

  it('says nothing where there are none', () => {
    expect(settingsLines('/r/s', undefined)).toEqual([]);
  });
});
