import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileEntries } from '../../../test/support/arbitrary.js';
import { cacheEntry } from '../../../test/support/entries.js';
import { contentsOf } from '../memory-storage.js';
import type { CacheContents, FileCacheEntry } from '../types.js';
import { jsonV3Codec, jsonV3With } from './codec.js';

/** The contents of canonical text, of which nothing was read yet. */
function unread(entries: ReadonlyMap<string, FileCacheEntry>): CacheContents {
  const pieces = jsonV3Codec.encode({ base: contentsOf(new Map()), put: entries, remove: new Set() });
  const decoded = jsonV3Codec.decode(Buffer.concat([...pieces]));
  if ('discarded' in decoded) throw new Error(decoded.detail);
  return decoded.contents;
}

describe('contents of canonical text', () => {
  it.each([
    ['at first', 0],
    ['with an index', 1001],
  ])('finds an entry in whatever order it is asked, %s', (_, before) => {
    const asked = fc.array(fc.nat(40), { maxLength: 60 });
    fc.assert(
      fc.property(fileEntries, asked, (entries, order) => {
        const contents = unread(entries);
        for (let i = 0; i < before; i++) contents.get('!');
        const paths = [...entries.keys(), '!', 'b/none', 'zzz', '\uffff'];
        for (const at of order) {
          const path = paths[at % paths.length] ?? '';
          expect(contents.get(path)).toEqual(entries.get(path));
        }
      }),
    );
  });

  it.each([
    ['at first', 0],
    ['with an index', 1001],
  ])('has no entry for a path that has two lines, %s', (_, before) => {
    const text = Buffer.concat([
      ...jsonV3Codec.encode({
        base: contentsOf(new Map()),
        put: new Map(['a', 'b', 'c'].map((path) => [path, cacheEntry()])),
        remove: new Set(),
      }),
    ]).toString();
    const covered = text.slice(0, text.indexOf('"checksum"')).replace('"c"', '"b"');
    const checksum = createHash('sha256').update(covered).digest('hex');
    const decoded = jsonV3Codec.decode(Buffer.from(`${covered}"checksum":"${checksum}"}`));
    if ('discarded' in decoded) throw new Error(decoded.detail);
    for (let i = 0; i < before; i++) decoded.contents.get('!');
    expect(['a', 'b', 'c'].map((path) => decoded.contents.has(path))).toEqual([true, false, false]);
  });

  it('finds the first entry after it was asked for one behind the last', () => {
    const contents = unread(new Map([['a', cacheEntry()]]));
    expect(contents.get('z')).toBeUndefined();
    expect(contents.get('a')).toEqual(cacheEntry());
  });
});

describe('jsonV3With', () => {
  const text = Buffer.concat([
    ...jsonV3Codec.encode({
      base: contentsOf(new Map()),
      put: new Map([['a', cacheEntry()]]),
      remove: new Set(),
    }),
  ]);
  const right = createHash('sha256')
    .update(text.toString().replace(/"checksum":.*/s, ''))
    .digest('hex');

  it.each<[what: string, answer: () => Promise<string>, discarded: string | undefined]>([
    ['is right', () => Promise.resolve(right), undefined],
    ['is another', () => Promise.resolve(right.replace(/^./, 'x')), 'checksum'],
    ['cannot be had elsewhere', () => Promise.reject(new Error('no thread')), undefined],
  ])(
    'has the checksum of what is before it computed elsewhere, and waits for no answer: it %s',
    async (_, answer, discarded) => {
      const covered: string[] = [];
      const decoded = jsonV3With((bytes) => {
        covered.push(Buffer.from(bytes).toString());
        return answer();
      }).decode(text);
      if (!('contents' in decoded)) throw new Error(decoded.detail);
      expect(decoded.contents.get('a')).toEqual(cacheEntry());
      expect((await decoded.checking)?.discarded).toBe(discarded);
      expect(covered).toEqual([text.toString().replace(/"checksum":.*/s, '')]);
    },
  );

  it('computes it here where it cannot be had elsewhere, and tells damage all the same', async () => {
    const damaged = Buffer.from(text);
    damaged[40] = (damaged[40] ?? 0) ^ 1;
    const decoded = jsonV3With(() => Promise.reject(new Error('no thread'))).decode(damaged);
    if (!('contents' in decoded)) throw new Error(decoded.detail);
    expect((await decoded.checking)?.discarded).toBe('checksum');
  });
});
