import { blobId, type MissReason, type ObjectId, type StatCache } from '@muse/stat-cache';
import { BAD_LINE, CTIME_CHANGED, DirectoryNode, INODE_CHANGED, NEW, SIZE_CHANGED } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { FILE_STAT, listingOf } from '../../../test/support/listings.js';
import { DirectoryResult, judgeDirectory } from './join.js';

const stored = blobId(Buffer.from('stored'));
const newer = blobId(Buffer.from('newer'));
/** The offset of the stored id in the lines. */
const HIT = 40;
const lines = Buffer.from(`${' '.repeat(HIT)}${stored}`);

/** Returns a cache that knows this apart from its lines: an id, or the reason why there is none. */
function cacheOf(pending?: ObjectId | MissReason, discarded?: StatCache['discarded']): StatCache {
  const isId = pending?.startsWith('sha256:');
  return {
    discarded,
    hasPending: pending !== undefined,
    isPending: () => pending !== undefined,
    lookup: () => (isId ? pending : undefined),
    missReason: () => (isId ? undefined : (pending ?? 'new')),
  } as unknown as StatCache;
}

const nodeOf = () =>
  new DirectoryNode<DirectoryResult>('d', { dev: 1n, ino: 1n }, undefined, { from: 0, to: 0 });

function judge(match: number, cache: StatCache | undefined, known = { lines: lines as Buffer | undefined }) {
  const judged = judgeDirectory(nodeOf(), listingOf({ a: match }), { cache, ...known }, undefined);
  return { id: judged.idOf(0), misses: judged.misses.map(({ path, reason }) => [path, reason]), judged };
}

describe('judgeDirectory', () => {
  it('takes the id of a hit from the lines', () => {
    expect(judge(HIT, cacheOf())).toMatchObject({ id: stored, misses: [], judged: { files: 1 } });
  });

  it.each([
    [NEW, 'new'],
    [SIZE_CHANGED, 'size'],
    [CTIME_CHANGED, 'ctime'],
    [INODE_CHANGED, 'inode'],
  ])('has to read what is no hit, match %i: %s', (match, reason) => {
    const asked = Object.assign(cacheOf(), { lookup: () => newer });
    expect(judge(match, asked)).toMatchObject({ id: undefined, misses: [['d/a', reason]] });
  });

  it('looks up what no engine could tell from its line', () => {
    expect(judge(BAD_LINE, Object.assign(cacheOf(), { lookup: () => newer }))).toMatchObject({
      id: newer,
      misses: [],
    });
    expect(judge(BAD_LINE, cacheOf()).misses).toEqual([['d/a', 'new']]);
  });

  it('says that the cache was reset where it was', () => {
    expect(judge(NEW, cacheOf(undefined, 'checksum')).misses).toEqual([['d/a', 'cache-reset']]);
  });

  it('looks everything up where there are no lines, and reads everything where there is no cache', () => {
    const knowing = Object.assign(cacheOf(), { lookup: () => newer });
    expect(judge(NEW, knowing, { lines: undefined })).toMatchObject({ id: newer, misses: [] });
    expect(judge(NEW, undefined, { lines: undefined }).misses).toEqual([['d/a', 'new']]);
  });

  it.each([HIT, SIZE_CHANGED, NEW])('takes what is pending for newer than the line, match %i', (match) => {
    expect(judge(match, cacheOf(newer))).toMatchObject({ id: newer, misses: [] });
  });

  it('does not fall back on the line where what is pending is no answer', () => {
    expect(judge(HIT, cacheOf('racy'))).toMatchObject({ id: undefined, misses: [['d/a', 'racy']] });
  });

  it('keeps what was read since the directory was last listed, if the file is the same', () => {
    const node = nodeOf();
    const first = judgeDirectory(node, listingOf({ a: NEW, b: NEW }), { cache: cacheOf(), lines }, undefined);
    first.set(0, newer);
    const again = judgeDirectory(node, listingOf({ a: NEW, b: NEW }), { cache: cacheOf(), lines }, first);
    expect([again.idOf(0), again.idOf(1)]).toEqual([newer, undefined]);
    expect(again.misses.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe.each(['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const)('judgeDirectory, again', (field) => {
  it(`reads a file again whose ${field} changed since it was read`, () => {
    const node = nodeOf();
    const known = { cache: cacheOf(), lines };
    const first = judgeDirectory(node, listingOf({ a: NEW }), known, undefined);
    first.set(0, newer);
    const changed = listingOf({ a: NEW }, [], { ...FILE_STAT, [field]: 77n });
    expect(judgeDirectory(node, changed, known, first).idOf(0)).toBe(undefined);
  });
});

describe('DirectoryResult', () => {
  it('keeps object ids by their entries, before those of the lines', () => {
    const files = new DirectoryResult(nodeOf(), listingOf({ a: HIT, b: NEW, c: NEW }), lines);
    files.set(1, newer);
    expect([0, 1, 2].map((entry) => files.idOf(entry))).toEqual([stored, newer, undefined]);
    expect([0, 1, 2].map((entry) => files.isHit(entry))).toEqual([true, false, false]);
    files.set(0, newer);
    expect([files.idOf(0), files.isHit(0)]).toEqual([newer, false]);
  });
});
