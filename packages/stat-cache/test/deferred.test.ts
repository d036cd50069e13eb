import type { CacheContents, DecodeResult } from '@muse/stat-cache';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileEntries, treePath } from './support/arbitrary.js';
import { canonicalCases } from './support/canonical-cases.js';
import { canonicalText, decodeAll, encodeAll, encodeChange } from './support/canonical.js';
import { asMap, cacheEntry } from './support/entries.js';

function deferred(text: Uint8Array): CacheContents {
  const result: DecodeResult = jsonV3Codec.decode(text);
  if ('discarded' in result) throw new Error(`${result.discarded}: ${result.detail}`);
  return result.contents;
}

const PATHS = [
  '',
  'a',
  'b',
  'é',
  '💩',
  '\ue000',
  '\udcff',
  '\udc80',
  '\ud800',
  '../a',
  'a\0b',
  '__proto__',
  'z'.repeat(999),
];

/** Asks contents for everything in turn, each kind of question first on fresh ones. */
function everyAnswer(fresh: () => CacheContents): Map<string, unknown> {
  const known = asMap(fresh());
  const one = fresh();
  for (const path of [...PATHS, ...known.keys()]) {
    const entry = one.get(path);
    expect(one.has(path), path).toBe(entry !== undefined);
    if (known.has(path)) expect(entry, path).toEqual(known.get(path));
  }
  expect(fresh().size).toBe(known.size);
  return known;
}

describe('contents that are checked as they are asked for', () => {
  it('give the answers of those that were checked at once', () => {
    fc.assert(
      fc.property(fileEntries, fc.array(treePath, { maxLength: 5 }), (entries, others) => {
        const text = encodeAll(entries);
        const contents = deferred(text);
        for (const [path, entry] of entries) expect(contents.get(path)).toEqual(entry);
        for (const path of others) expect(contents.has(path)).toBe(entries.has(path));
        expect(everyAnswer(() => deferred(text))).toEqual(asMap({ entries: () => entries }));
        expect(encodeChange({ base: deferred(text) }).equals(text)).toBe(true);
      }),
    );
  });

  it('write a change as it would be written anew', () => {
    fc.assert(
      fc.property(fileEntries, fileEntries, (before, put) => {
        const remove = new Set([...before.keys()].filter((path, at) => at % 3 === 0 && !put.has(path)));
        const after = new Map([...before, ...put]);
        for (const path of remove) after.delete(path);
        const base = deferred(encodeAll(before));
        expect(encodeChange({ base, put, remove }).toString()).toBe(encodeAll(after).toString());
      }),
    );
  });

  // A checksum that matches over lines that no encoder writes: whoever made them may not bring the program down.
  it.each(canonicalCases)('never throw, and never give a wrong answer, over %s', (_, lines) => {
    const text = canonicalText(lines);
    const whole = decodeAll(text);
    const found = everyAnswer(() => deferred(text));
    if ('contents' in whole) {
      expect(found).toEqual(asMap(whole.contents));
      const searched = deferred(text);
      for (const path of PATHS) expect(searched.get(path), path).toEqual(whole.contents.get(path));
    }
    for (const path of PATHS.slice(1, 8)) {
      const base = deferred(text);
      base.has(path);
      const changed = encodeChange({
        base,
        put: new Map([[path, cacheEntry()]]),
        remove: new Set(['b', 'é']),
      });
      if ('contents' in whole) expect(decodeAll(changed)).toHaveProperty('contents');
    }
  });

  it('are discarded whole when the checksum does not match', () => {
    const text = encodeAll([['a', cacheEntry()]]);
    for (let at = 0; at < text.length; at++) {
      const damaged = Buffer.from(text);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      const result = jsonV3Codec.decode(damaged);
      if ('contents' in result) expect(asMap(result.contents)).toEqual(new Map([['a', cacheEntry()]]));
    }
  });
});
