import { compareTreePaths } from '@muse/paths';
import type { FileCacheEntry } from '@muse/stat-cache';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileEntries, fileEntry, treePath } from './support/arbitrary.js';
import {
  canonicalText,
  contentsOf,
  encodeAll,
  encodeChange,
  lineText,
  outcome,
} from './support/canonical.js';
import { asMap, cacheEntry } from './support/entries.js';

type Entries = Map<string, FileCacheEntry>;

/** Everything that contents can be asked, for comparison; throws where the answers do not agree with each other. */
function answers(contents: ReturnType<typeof contentsOf>): Entries {
  const all = asMap(contents);
  expect(contents.size).toBe(all.size);
  for (const [path, entry] of all) {
    expect(contents.has(path)).toBe(true);
    expect(contents.get(path)).toEqual(entry);
    expect(contents.has(`${path}/`)).toBe(false);
    expect(contents.get(`${path}x${path}`)).toBeUndefined();
  }
  return all;
}

function sorted(entries: Entries): Entries {
  return asMap({ entries: () => entries });
}

/** The same text with its checksum cut out, which makes it loose. */
function withoutChecksum(text: Buffer): Buffer {
  const end = text.lastIndexOf(',"checksum":"');
  return Buffer.concat([text.subarray(0, end), Buffer.from('}')]);
}

describe('jsonV3Codec', () => {
  it('gives back what it was given, canonical or loose', () => {
    fc.assert(
      fc.property(fileEntries, (entries) => {
        const text = encodeAll(entries);
        expect(answers(contentsOf(text))).toEqual(sorted(entries));
        expect(answers(contentsOf(withoutChecksum(text)))).toEqual(sorted(entries));
        expect(outcome(text)).toBe(`${String(entries.size)} live, 0 dropped`);
      }),
      { numRuns: 300 },
    );
  });

  it('writes one entry a line, in the order of paths, in UTF-8', () => {
    fc.assert(
      fc.property(fileEntries, (entries) => {
        const lines = encodeAll(entries).toString().split('\n').slice(1, -1);
        const paths = lines.map((line) => {
          const member = line.replace(/,$/, '');
          return Object.keys(JSON.parse(`{${member}}`) as object)[0] ?? '';
        });
        expect(paths).toEqual([...entries.keys()].sort(compareTreePaths));
      }),
    );
  });

  const change = fc.record({
    before: fileEntries,
    put: fc.array(fc.tuple(fc.nat(40), treePath, fileEntry), { maxLength: 15 }),
    remove: fc.array(fc.tuple(fc.nat(40), treePath), { maxLength: 8 }),
  });

  it.each(['canonical', 'loose'])(
    'writes a change of %s text as it writes the whole, byte for byte',
    (kind) => {
      fc.assert(
        fc.property(change, ({ before, put, remove }) => {
          const text = encodeAll(before);
          const base = contentsOf(kind === 'canonical' ? text : withoutChecksum(text));
          // Half of the changes meet an entry that is there.
          const paths = [...before.keys()];
          const toRemove = new Set(remove.map(([at, other]) => paths[at] ?? other));
          const toPut = new Map<string, FileCacheEntry>();
          for (const [at, other, entry] of put) toPut.set(paths[at] ?? other, entry);
          for (const path of toPut.keys()) toRemove.delete(path);
          const after = new Map([...before, ...toPut]);
          for (const path of toRemove) after.delete(path);

          const changed = encodeChange({ base, put: toPut, remove: toRemove });
          expect(changed.toString()).toBe(encodeAll(after).toString());
          expect(answers(contentsOf(changed))).toEqual(sorted(after));
          expect(encodeChange({ base }).toString()).toBe(text.toString());
        }),
        { numRuns: 300 },
      );
    },
  );

  it('leaves damaged lines out of the next text', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'é', 'f\n'];
    for (let bad = 0; bad < 2 ** names.length; bad++) {
      const lines = names.map((name, at) => lineText(name, (bad >> at) & 1 ? { size: '-1' } : {}));
      const good = names.filter((_, at) => !((bad >> at) & 1));
      const order = [...lines].sort((a, b) => compareTreePaths(keyOf(a), keyOf(b)));
      const base = contentsOf(canonicalText(order));
      expect([...answers(base).keys()]).toEqual([...good].sort());
      expect(encodeChange({ base })).toEqual(encodeAll(good.map((name) => [name, cacheEntry()])));
      const put = new Map([['cc', cacheEntry()]]);
      const expected = encodeAll(
        [...good, 'cc'].filter((name) => name !== 'c').map((name) => [name, cacheEntry()]),
      );
      expect(encodeChange({ base, put, remove: new Set(['c']) })).toEqual(expected);
    }
  });

  it('gives the smallest text for no entries', () => {
    const empty = encodeAll([]);
    expect(empty).toEqual(canonicalText([]));
    expect(outcome(empty)).toBe('0 live, 0 dropped');
    expect(
      encodeChange({ base: contentsOf(encodeAll([['a', cacheEntry()]])), remove: new Set(['a']) }),
    ).toEqual(empty);
  });

  it('leaves an entry without a ctime out, which can never be a hit', () => {
    const put = new Map<string, FileCacheEntry>([
      ['a', { ...cacheEntry(), ctimeNs: undefined }],
      ['b', cacheEntry()],
    ]);
    expect(encodeChange({ put })).toEqual(encodeAll([['b', cacheEntry()]]));
    put.delete('b');
    expect(encodeChange({ put })).toEqual(encodeAll([]));
  });

  it('decodes from the middle of a larger buffer', () => {
    const text = encodeAll([['a', cacheEntry()]]);
    const larger = new Uint8Array(text.length + 20).fill(0x7b);
    larger.set(text, 10);
    const result = jsonV3Codec.decode(larger.subarray(10, 10 + text.length));
    expect(result).toMatchObject({ dropped: 0, contents: { size: 1 } });
  });

  it('handles more lines than fit into one piece', () => {
    const entries: Entries = new Map();
    for (let n = 0; n < 9000; n++)
      entries.set(`d${String(n % 7)}/f${String(n)}`, cacheEntry({ ino: BigInt(n) }));
    const text = encodeAll(entries);
    const base = contentsOf(text);
    expect(base.size).toBe(9000);
    expect(Buffer.compare(encodeAll(base.entries()), text)).toBe(0);
    expect(Buffer.compare(encodeChange({ base }), text)).toBe(0);
  });
});

function keyOf(line: string): string {
  return JSON.parse(line.slice(0, line.indexOf(':{'))) as string;
}
