import type { Explanation } from '@muse/snapshot';
import { describe, expect, it } from 'vitest';
import { explanationDocument, explanationLines } from './render.js';

const problem = {
  path: 'd',
  kind: 'unreadable',
  operation: 'readdir',
  code: 'EACCES',
  message: 'permission denied',
} as const;
const rule = { pattern: '*.o', table: 'global', line: 3, file: '/r/.museignore' };

describe('explanationLines() and explanationDocument() tell of', () => {
  it.each<[Explanation, string[], object]>([
    [
      { outcome: 'hit', objectId: 'sha256:aa' },
      ['hit: its stat matches the cache, so it is not read', 'sha256:aa'],
      { outcome: 'hit', object_id: 'sha256:aa' },
    ],
    [
      { outcome: 'miss', reason: 'size', before: 5n, after: 7n },
      [
        'miss (size): its size differs from the cache, so it is read again',
        'cached  5 bytes',
        'now     7 bytes',
      ],
      { reason: 'size', before: '5', after: '7' },
    ],
    [
      { outcome: 'miss', reason: 'ctime', before: undefined, after: 1_500_000_000n },
      [
        expect.stringMatching(/^miss \(ctime\): /) as string,
        'cached  not known',
        'now     1970-01-01T00:00:01.500000000Z',
      ],
      { reason: 'ctime', before: null, after: '1.500000000' },
    ],
    [
      { outcome: 'miss', reason: 'inode', before: 2n ** 63n, after: 1n },
      [expect.any(String) as string, 'cached  9223372036854775808', 'now     1'],
      { reason: 'inode', before: '9223372036854775808', after: '1' },
    ],
    [
      { outcome: 'miss', reason: 'new', probablyRacy: false },
      ['miss (new): it is not in the cache, so it is read'],
      { reason: 'new', probably_racy: false },
    ],
    [
      { outcome: 'miss', reason: 'new', probablyRacy: true },
      [expect.any(String) as string, expect.stringMatching(/probably left out for that \(racy\)/) as string],
      { reason: 'new', probably_racy: true },
    ],
    [
      { outcome: 'miss', reason: 'racy' },
      [expect.stringMatching(/^miss \(racy\): /) as string],
      { reason: 'racy' },
    ],
    [
      { outcome: 'miss', reason: 'cache-reset', discarded: 'checksum' },
      ['miss (cache-reset): the cache cannot be used (checksum), so every file is read'],
      { reason: 'cache-reset', discarded: 'checksum' },
    ],
    [
      { outcome: 'ignored', at: 'd/a', rule },
      ["ignored: the pattern '*.o' in [global], line 3 of /r/.museignore"],
      { outcome: 'ignored', rule },
    ],
    [
      { outcome: 'ignored', at: 'd', rule: { pattern: 'd/' } },
      ["ignored: the pattern 'd/' given with --exclude", 'decided at d, above it'],
      { at: 'd' },
    ],
    [{ outcome: 'ignored', at: 'd/a', rule: undefined }, ['ignored: a rule of the caller'], {}],
    [
      { outcome: 'special', at: 'd', kind: 'symlink' },
      ['special: a symbolic link is neither listed nor followed', 'decided at d, above it'],
      { kind: 'symlink' },
    ],
    [{ outcome: 'reserved', at: 'd/a' }, ['reserved: everything with this name is left out'], {}],
    [{ outcome: 'outside', at: 'd/a' }, ['outside: another file system is mounted there'], {}],
    [
      { outcome: 'unreadable', problem },
      ['unreadable: d: cannot list: permission denied (EACCES)'],
      { outcome: 'unreadable', problem },
    ],
    [{ outcome: 'absent', at: 'd/a' }, ['absent: there is no such file or directory'], {}],
    [{ outcome: 'directory' }, [expect.stringMatching(/^directory: /) as string], { outcome: 'directory' }],
  ])('%o', (explanation, lines, document) => {
    expect(explanationLines('d/a', explanation)).toEqual(lines);
    expect(explanationDocument({ name: './d/a', root: '/r', path: 'd/a', explanation })).toMatchObject({
      name: './d/a',
      root: '/r',
      path: 'd/a',
      outcome: explanation.outcome,
      ...document,
    });
  });
});
