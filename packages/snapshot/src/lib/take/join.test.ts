import { blobId, type MissReason, type ObjectId, type StatCache } from '@muse/stat-cache';
import {
  BAD_LINE,
  CTIME_CHANGED,
  DIRECTORY,
  DirectoryNode,
  INODE_CHANGED,
  LEFT_OUT,
  NEW,
  SIZE_CHANGED,
} from '@muse/walker/scan';
import { describe, expect, it, vi } from 'vitest';
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

/** Returns the path and the reason of each miss. */
function missesOf(result: DirectoryResult): (readonly [path: string, reason: MissReason])[] {
  const misses: (readonly [string, MissReason])[] = [];
  for (const cursor = result.listing.entries(); cursor.entry < result.listing.length; cursor.next()) {
    const reason = result.reasonOf(cursor.entry);
    if (!reason) continue;
    misses.push([result.node.prefix + cursor.name, reason]);
    expect(result.nameOf(cursor.entry)).toBe(cursor.name);
    expect(result.statOf(cursor.entry)).toEqual(cursor.stat);
  }
  expect(result.misses).toBe(misses.length);
  return misses;
}

const nodeOf = () =>
  new DirectoryNode<DirectoryResult>('d', { dev: 1n, ino: 1n }, undefined, { from: 0, to: 0 });

function judge(match: number, cache: StatCache | undefined, known = { lines: lines as Buffer | undefined }) {
  const judged = judgeDirectory(nodeOf(), listingOf({ a: match }), { cache, ...known }, undefined);
  return { id: judged.idOf(0), misses: missesOf(judged), judged };
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

  it('takes a line for right where its stat was not asked for, whatever was recorded meanwhile', () => {
    const listing = listingOf({ a: HIT, b: NEW }, [], FILE_STAT, false);
    const judged = judgeDirectory(nodeOf(), listing, { cache: cacheOf('racy'), lines }, undefined);
    expect([judged.idOf(0), missesOf(judged)]).toEqual([stored, [['d/b', 'racy']]]);
  });

  it('keeps what was read since the directory was last listed, if the file is the same', () => {
    const node = nodeOf();
    const first = judgeDirectory(node, listingOf({ a: NEW, b: NEW }), { cache: cacheOf(), lines }, undefined);
    first.set(0, newer);
    const again = judgeDirectory(node, listingOf({ a: NEW, b: NEW }), { cache: cacheOf(), lines }, first);
    expect([again.idOf(0), again.idOf(1)]).toEqual([newer, undefined]);
    expect(missesOf(again)).toEqual([
      ['d/a', 'new'],
      ['d/b', 'new'],
    ]);
    expect([0, 1].map((entry) => again.isUnread(entry))).toEqual([false, true]);
  });
});

describe('judgeDirectory, of a listing that says the same as in an earlier snapshot', () => {
  const known = { cache: cacheOf(), lines };
  const readAndSettled = (isTrusted: boolean) => {
    const result = judgeDirectory(nodeOf(), listingOf({ a: NEW, b: HIT }), known, undefined);
    result.set(0, newer);
    result.settle(isTrusted ? undefined : cacheOf());
    return result;
  };
  const again = (before: DirectoryResult, its: Parameters<typeof judgeDirectory>[2] = known) =>
    judgeDirectory(before.node, before.listing, its, before);

  it('returns the result of that, if the cache vouches for all in it', () => {
    const before = readAndSettled(true);
    expect(again(before)).toBe(before);
    const hits = judgeDirectory(nodeOf(), listingOf({ a: HIT }), known, undefined);
    expect(again(hits)).toBe(hits);
  });

  it('judges anew what the cache does not vouch for, or what there is no cache for', () => {
    expect(missesOf(again(readAndSettled(false)))).toEqual([['d/a', 'new']]);
    expect(missesOf(again(readAndSettled(true), { cache: undefined, lines }))).toEqual([['d/a', 'new']]);
  });

  it('judges anew what was not read, or has a problem', () => {
    const unread = judgeDirectory(nodeOf(), listingOf({ a: NEW }), known, undefined);
    expect(missesOf(again(unread)).length).toBe(1);
    unread.settle(undefined);
    expect(missesOf(again(unread)).length).toBe(1);
    const failed = readAndSettled(true);
    failed.problems.push({
      path: 'd/b',
      kind: 'unreadable',
      operation: 'open',
      code: 'EACCES',
      message: 'no',
    });
    expect(again(failed)).not.toBe(failed);
  });

  it('takes nothing for read that was read in that snapshot', () => {
    const before = judgeDirectory(nodeOf(), listingOf({ a: NEW }), known, undefined);
    before.set(0, newer);
    expect(again(before).isUnread(0)).toBe(true);
    expect(again(before, { cache: cacheOf('racy'), lines }).isUnread(0)).toBe(true);
  });

  it('judges anew what is to be read whatever its stat says', () => {
    const before = readAndSettled(true);
    const doubted = again(before, { ...known, mustRead: () => new Set(['b']) });
    expect(missesOf(doubted)).toEqual([['d/b', 'racy']]);
  });
});

describe('judgeDirectory, of a listing that says something else than in the last snapshot', () => {
  /** A cache that has forgotten all, so that what it is asked for has to be read. */
  const forgetful = (lookup = vi.fn<StatCache['lookup']>()) => Object.assign(cacheOf('racy'), { lookup });
  const digests = { a: blobId(Buffer.from('a')), b: blobId(Buffer.from('b')), c: blobId(Buffer.from('c')) };

  /** Returns the result of a snapshot in which all files but hits were read, and those of some names cannot be trusted. */
  function lastOf(
    entries: Parameters<typeof listingOf>[0],
    untrusted: readonly string[] = [],
  ): DirectoryResult {
    const cache = Object.assign(cacheOf('racy'), { isPending: () => false });
    const last = judgeDirectory(nodeOf(), listingOf(entries), { cache, lines }, undefined);
    for (const cursor = last.listing.entries(); cursor.entry < last.listing.length; cursor.next())
      if (last.reasonOf(cursor.entry)) last.set(cursor.entry, digests[cursor.name as 'a']);
    const lookup = (path: string) => (untrusted.includes(path) ? undefined : newer);
    last.settle({ lookup });
    return last;
  }
  const judgeAfter = (last: DirectoryResult, listing: ReturnType<typeof listingOf>, more: object = {}) =>
    judgeDirectory(
      last.node,
      listing,
      { cache: forgetful(), lines, lastResult: () => last, ...more },
      undefined,
    );
  const idsOf = (result: DirectoryResult) =>
    [...Array(result.listing.length).keys()].map((i) => result.idOf(i));

  it('takes over what is known of each file that is the same, and asks nobody', () => {
    const last = lastOf({ a: NEW, 'b-': DIRECTORY, b: SIZE_CHANGED, c: HIT });
    const lookup = vi.fn<StatCache['lookup']>();
    const cache = forgetful(lookup);
    const result = judgeAfter(last, listingOf({ A: NEW, a: NEW, 'a-': DIRECTORY, b: SIZE_CHANGED, c: HIT }), {
      cache,
    });
    expect(missesOf(result)).toEqual([['d/A', 'racy']]);
    expect(idsOf(result)).toEqual([undefined, digests.a, undefined, digests.b, stored]);
    expect(lookup).toHaveBeenCalledTimes(1);
    // And once more, without the one that was new.
    result.set(0, newer);
    result.settle({ lookup: () => newer });
    const next = judgeAfter(result, listingOf({ b: SIZE_CHANGED }));
    expect([missesOf(next), idsOf(next), next.isTrusted]).toEqual([[], [digests.b], true]);
  });

  it.each(['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const)(
    'reads a file whose %s is another',
    (field) => {
      const last = lastOf({ a: NEW, b: NEW });
      const stat = (name: string) => (name === 'b' ? { ...FILE_STAT, [field]: 77n } : FILE_STAT);
      const result = judgeAfter(last, listingOf({ a: NEW, b: NEW }, [], stat));
      expect([missesOf(result), idsOf(result)]).toEqual([[['d/b', 'racy']], [digests.a, undefined]]);
    },
  );

  it('reads what another line is that of', () => {
    const result = judgeAfter(lastOf({ a: NEW, b: NEW }), listingOf({ a: SIZE_CHANGED, b: NEW }));
    expect(missesOf(result)).toEqual([['d/a', 'racy']]);
  });

  it('reads what the cache did not vouch for, what was not read, and what was left out', () => {
    const last = lastOf({ a: NEW, b: NEW, c: NEW }, ['d/b']);
    expect(last.isTrusted).toBe(false);
    expect(missesOf(judgeAfter(last, listingOf({ a: NEW, b: NEW })))).toEqual([['d/b', 'racy']]);
    // Also where the directory is as it was.
    const again = judgeDirectory(last.node, last.listing, { cache: forgetful(), lines }, last);
    expect(missesOf(again)).toEqual([['d/b', 'racy']]);
    const unread = judgeDirectory(
      nodeOf(),
      listingOf({ a: NEW, b: NEW }),
      { cache: forgetful(), lines },
      undefined,
    );
    unread.set(0, digests.a);
    unread.settle({ lookup: () => newer });
    expect(missesOf(judgeAfter(unread, listingOf({ a: NEW, b: NEW, c: NEW })))).toEqual([
      ['d/b', 'racy'],
      ['d/c', 'racy'],
    ]);
    const leftOut = lastOf({ a: LEFT_OUT, b: NEW });
    expect(missesOf(judgeAfter(leftOut, listingOf({ a: NEW, b: NEW })))).toEqual([['d/a', 'racy']]);
  });

  it('reads what is to be read whatever its stat says, a hit as well', () => {
    const last = lastOf({ a: NEW, b: NEW, c: HIT });
    const mustRead = () => new Set(['b', 'c', 'z']);
    const result = judgeAfter(last, listingOf({ a: NEW, b: NEW, c: HIT, d: NEW }), { mustRead });
    expect(missesOf(result)).toEqual([
      ['d/b', 'racy'],
      ['d/c', 'racy'],
      ['d/d', 'racy'],
    ]);
  });

  it('believes nothing without a cache, nor beside what was read in this snapshot', () => {
    const last = lastOf({ a: NEW, b: NEW });
    const cacheless = { cache: undefined, mustRead: () => new Set(['c']) };
    expect(missesOf(judgeAfter(last, listingOf({ a: NEW }), cacheless))).toEqual([['d/a', 'new']]);
    const earlier = judgeDirectory(
      last.node,
      listingOf({ a: NEW }),
      { cache: forgetful(), lines },
      undefined,
    );
    earlier.set(0, newer);
    const known = { cache: forgetful(), lines, lastResult: () => last };
    const result = judgeDirectory(last.node, listingOf({ a: NEW, c: NEW }), known, earlier);
    expect(idsOf(result)).toEqual([newer, undefined]);
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
  it('has lines alone while its files are hits, no line is gone, and nothing newer is known', () => {
    const resultOf = (...listed: Parameters<typeof listingOf>) =>
      new DirectoryResult(nodeOf(), listingOf(...listed), lines);
    const files = resultOf({ a: HIT, d: DIRECTORY });
    expect(files.hasLinesAlone).toBe(true);
    files.doubt(0);
    expect(files.hasLinesAlone).toBe(false);
    expect(resultOf({ a: HIT, b: NEW }).hasLinesAlone).toBe(false);
    expect(resultOf({ a: HIT }, [{ from: 0, to: 9 }]).hasLinesAlone).toBe(false);
  });

  it('keeps object ids by their entries, before those of the lines', () => {
    const files = new DirectoryResult(nodeOf(), listingOf({ a: HIT, b: NEW, c: NEW }), lines);
    files.set(1, newer);
    expect([0, 1, 2].map((entry) => files.idOf(entry))).toEqual([stored, newer, undefined]);
    expect([0, 1, 2].map((entry) => files.isHit(entry))).toEqual([true, false, false]);
    expect(files.hasLinesAlone).toBe(false);
    files.set(0, newer);
    expect([files.idOf(0), files.isHit(0)]).toEqual([newer, false]);
  });

  it('knows whether two files have the same object id: by digest, by line, and by both', () => {
    const result = (ids: readonly (ObjectId | undefined)[], its: Buffer | undefined = lines) => {
      const files = new DirectoryResult(nodeOf(), listingOf({ a: NEW, b: NEW, c: HIT, e: HIT + 200 }), its);
      for (const [entry, id] of ids.entries()) if (id !== undefined) files.set(entry, id);
      return files;
    };
    const twice = Buffer.from(`${lines.toString()}${' '.repeat(200 - stored.length)}${stored}`);
    const [one, other] = [result([newer, stored], twice), result([newer, newer, stored], twice)];
    const table = [0, 1, 2, 3].map((a) => [0, 1, 2, 3].map((b) => one.hasSameId(a, other, b)));
    expect(table).toEqual([
      [true, true, false, false],
      [false, false, true, true],
      [false, false, true, true],
      [false, false, true, true],
    ]);
    const lastByte = `${newer.slice(0, -1)}${newer.endsWith('0') ? '1' : '0'}` as ObjectId;
    expect(result([newer]).hasSameId(0, result([lastByte]), 0)).toBe(false);
    const [none, some] = [result([]), result([newer])];
    expect([none.hasSameId(0, none, 1), none.hasSameId(0, some, 0), some.hasSameId(0, none, 0)]).toEqual([
      true,
      false,
      false,
    ]);
    // The same offset in other lines says nothing.
    const elsewhere = result([], Buffer.from(`${' '.repeat(HIT)}${newer}`));
    expect([result([]).hasSameId(2, elsewhere, 2), result([]).hasSameId(2, result([]), 2)]).toEqual([
      false,
      true,
    ]);
  });

  it('keeps the digest of a miss, why it is one, and its bytes where they are not those listed', () => {
    const files = new DirectoryResult(nodeOf(), listingOf({ a: NEW, b: NEW, c: NEW }), undefined);
    const cursor = files.listing.entries();
    for (const reason of ['new', 'racy', 'size'] as const) {
      files.addMiss(cursor, reason);
      cursor.next();
    }
    expect([0, 1, 2].map((entry) => files.isUnread(entry))).toEqual([true, true, true]);
    const words = new Int32Array(20);
    Buffer.from(words.buffer).write(newer.slice('sha256:'.length), 4, 'hex');
    files.setDigest(1, words, 1);
    files.setBytesRead(1, 12);
    files.setBytesRead(0, 10);
    files.removeMiss(2);
    expect([0, 1, 2].map((entry) => files.idOf(entry))).toEqual([undefined, newer, undefined]);
    expect([0, 1, 2].map((entry) => files.isUnread(entry))).toEqual([true, false, false]);
    expect(missesOf(files)).toEqual([
      ['d/a', 'new'],
      ['d/b', 'racy'],
    ]);
    const counts = { new: 0, size: 0, mtime: 0, ctime: 0, inode: 0, racy: 0, 'cache-reset': 0 };
    expect(files.countMisses(counts)).toBe(2);
    expect(counts).toEqual({ ...counts, new: 1, racy: 1, size: 0 });
  });
});
