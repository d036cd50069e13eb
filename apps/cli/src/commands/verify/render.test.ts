import type { Verification } from '@muse/snapshot';
import { describe, expect, it } from 'vitest';
import { textOf } from '../../terminal/answer.js';
import { verifyDocument, verifyLines, verifySummary } from './render.js';

const [a, b] = ['sha256:aa', 'sha256:bb'] as const;
const nothing: Verification = {
  files: 78_579,
  bytes: 1_300_000_000,
  skipped: 0,
  seed: 7,
  uncached: 0,
  edited: [],
  touched: [],
  mismatch: [],
  missing: [],
  problems: [],
  complete: true,
};
const all: Verification = {
  ...nothing,
  uncached: 1_000,
  edited: [{ path: 'e', field: 'size', before: a, after: b }],
  touched: [
    { path: 't', field: 'mtime', objectId: a },
    { path: 'u', field: 'ctime', objectId: b },
  ],
  mismatch: [{ path: 'm', before: a, after: b }],
  missing: [{ path: 'g', objectId: a }],
};

describe('verifySummary()', () => {
  it.each<[string, Partial<Verification>, string]>([
    ['nothing was found', nothing, '78,579 files · 1.30 GB · all as cached · 3.2 s'],
    [
      'all was found',
      all,
      '78,579 files · 1.30 GB · 1 mismatch, 1 missing, 1 edited, 2 touched, 1,000 uncached · 3.2 s',
    ],
    ['it is a sample', { files: 1, skipped: 99, bytes: 5 }, '1 of 100 files · 5 B · all as cached · 3.2 s'],
    ['nothing is in the sample', { files: 0, skipped: 1, bytes: 0 }, '0 of 1 file · 0 B · 3.2 s'],
    ['there is nothing', { files: 0, bytes: 0 }, '0 files · 0 B · 3.2 s'],
  ])('tells that %s', (_case, change, line) => {
    expect(verifySummary({ ...nothing, ...change }, 3_200)).toBe(line);
  });
});

describe('verifyLines()', () => {
  it('puts the worst first, and a word before each name', () => {
    expect(verifyLines(all).map(textOf)).toEqual([
      'mismatch  m',
      'missing   g',
      'edited    e',
      'touched   t',
      'touched   u',
    ]);
  });
});

describe('verifyDocument()', () => {
  it('has snake case keys', () => {
    expect(verifyDocument(all)).toMatchObject({
      version: 1,
      seed: 7,
      mismatch: [{ path: 'm', before: a, after: b }],
      missing: [{ path: 'g', object_id: a }],
      touched: [{ path: 't', field: 'mtime', object_id: a }, { path: 'u' }],
    });
  });
});
