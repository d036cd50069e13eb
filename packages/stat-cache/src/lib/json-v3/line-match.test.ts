import fc from 'fast-check';
import { compareTreePaths, isTreePath, treePathFromBytes } from '@muse/paths';
import { hostileNames } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { anyTime } from '../../../test/support/arbitrary.js';
import { packedStat } from '../../../test/support/packed-stat.js';
import { EMPTY_CONTENTS } from '../layered-contents.js';
import type { FileCacheEntry, SortedLines } from '../types.js';
import { changedField } from '../validity.js';
import { jsonV3Codec } from './codec.js';
import { CHANGED, matchEntries, NO_LINE } from './line-match.js';
import { countLinesBelow } from './sorted-lines.js';

const name = fc.oneof(
  fc.constantFrom('a', 'a.c', 'a-b', 'a0', 'b', 'ab', '__proto__', '10', '9'),
  fc.constantFrom(...hostileNames.map((bytes) => treePathFromBytes(bytes))),
);
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
const entry = fc.record({
  size: fc.bigInt({ min: 0n, max: 2n ** 62n }),
  mtimeNs: anyTime,
  ctimeNs: anyTime,
  ino: fc.oneof(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), fc.constantFrom(1n, 2n ** 32n, 2n ** 53n + 1n)),
  digits: fc.string({
    unit: fc.constantFrom('0', '1', '7', '9', 'a', 'c', 'f'),
    minLength: 64,
    maxLength: 64,
  }),
  dimensions: fc.constantFrom(new Map<string, string>(), new Map([['symbols', 'x"\n']])),
});
type Entry = FileCacheEntry & { readonly ctimeNs: bigint };
const tree = fc
  .dictionary(path, entry, { maxKeys: 30 })
  .map(
    (record) =>
      new Map(
        Object.entries(record).map(([key, { digits, ...rest }]) => {
          return [key, { ...rest, objectId: `sha256:${digits}` }] as [string, Entry];
        }),
      ),
  )
  .map(withoutFilesAbove);

/** A path cannot be a file and have others below it. */
function withoutFilesAbove(entries: Map<string, Entry>): Map<string, Entry> {
  const paths = [...entries.keys()];
  return new Map(
    [...entries].filter(([at]) => isTreePath(at) && !paths.some((other) => other.startsWith(`${at}/`))),
  );
}

function linesOf(entries: ReadonlyMap<string, Entry>): SortedLines {
  const text = Buffer.concat([
    ...jsonV3Codec.encode({ base: EMPTY_CONTENTS, put: entries, remove: new Set() }),
  ]);
  const decoded = jsonV3Codec.decode(text, { defer: true });
  const lines = 'contents' in decoded ? decoded.contents.sorted : undefined;
  if (!lines) throw new Error('The text that was just encoded is not canonical');
  return lines;
}

/** Walks the directories of some paths as a scan does, and returns what was written for each file. */
function matchAll(
  lines: SortedLines,
  files: ReadonlyMap<string, Entry>,
  useStarts: boolean,
): Map<string, number> {
  const notes = new Map<string, number>();
  const pending: { path: string; start?: number }[] = [{ path: '' }];
  for (let at = pending.pop(); at; at = pending.pop()) {
    const prefix = at.path === '' ? '' : `${at.path}/`;
    const below = [...files.keys()]
      .filter((file) => file.startsWith(prefix))
      .map((file) => file.slice(prefix.length));
    const keys = [...new Set(below.map((rest) => /^[^/]*\/?/.exec(rest)?.[0] ?? ''))].sort(compareTreePaths);
    const names = keys.map((key) => key.replace(/\/$/, ''));
    const stats = new BigInt64Array(keys.length * 6);
    keys.forEach((key, i) => {
      const file = files.get(prefix + key);
      if (file) stats.set(packedStat({ dev: 0n, ...file }), i * 6);
    });
    const kinds = Uint8Array.from(keys.map((key) => (key.endsWith('/') ? 1 : 0)));
    const out = new Uint32Array(keys.length);
    matchEntries(lines, { path: at.path, names, kinds, stats, from: 0, to: keys.length }, out, at.start);
    keys.forEach((key, i) => {
      const note = out[i] ?? 0;
      if (kinds[i] === 0) notes.set(prefix + key, note);
      else pending.push({ path: prefix + key.slice(0, -1), ...(useStarts && { start: note }) });
    });
  }
  return notes;
}

const good: Entry = {
  size: 5n,
  mtimeNs: 1_000_000_000n,
  ctimeNs: 2_000_000_007n,
  ino: 10n,
  objectId: `sha256:${'a'.repeat(64)}`,
  dimensions: new Map(),
};

describe('matchEntries', () => {
  it('finds for each file what looking it up by its path finds', () => {
    fc.assert(
      fc.property(tree, tree, fc.boolean(), fc.boolean(), (stored, others, useStarts, touched) => {
        const lines = linesOf(stored);
        // What is on disk: most of what is stored, some of it changed, and files of which nothing is known.
        const kept = [...stored]
          .filter((_, i) => i % 4 !== 3)
          .map(([at, value], i): [string, Entry] => {
            return [at, touched && i % 3 === 0 ? { ...value, ctimeNs: value.ctimeNs + 1n } : value];
          });
        const files = withoutFilesAbove(new Map([...others, ...kept]));
        const bytes = Buffer.from(lines.bytes.buffer, lines.bytes.byteOffset, lines.bytes.length);
        for (const [at, note] of matchAll(lines, files, useStarts)) {
          const before = stored.get(at);
          const now = files.get(at);
          if (!before || !now) expect(note).toBe(NO_LINE);
          else if (changedField(before, now)) expect(note).toBe(CHANGED);
          else expect(bytes.toString('latin1', note, note + 71)).toBe(before.objectId);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes no line whose numbers or id are damaged', () => {
    const files = new Map([['a', good]]);
    const { from, to, bytes, count } = linesOf(files);
    for (let at = from + 5; at < to - 1; at++) {
      for (const bit of [1, 2, 4, 16, 64]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ bit;
        const note = matchAll({ bytes: damaged, from, to, count }, files, false).get('a') ?? 0;
        const id = damaged.toString('latin1', note, note + 71);
        // Another digit in the id is damage that only the checksum can tell.
        if (note > CHANGED) expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
        if (note > CHANGED && id === good.objectId) expect(damaged.equals(Buffer.from(bytes))).toBe(false);
      }
    }
  });

  it('takes no line whose path is repeated, whatever the lines say', () => {
    const { from, to, bytes, count } = linesOf(new Map(['a', 'z', 'é"'].map((key) => [key, good])));
    const lines = Buffer.from(bytes).toString('utf8', from, to).replace(/\n$/, '').split(',\n');
    for (const [at, key] of ['a', 'z', 'é"'].entries()) {
      for (const [first, second] of [
        ['aaa', 'bbb'],
        ['aaa', 'aaa'],
      ] as const) {
        const twice = [first, second].map((digits) => lines[at]?.replace('aaa"', `${digits}"`) ?? '');
        const body = Buffer.from(
          `${[...lines.slice(0, at), ...twice, ...lines.slice(at + 1)].join(',\n')}\n`,
        );
        const files = new Map(['a', 'z', 'é"'].map((name) => [name, good] as const));
        const notes = matchAll({ bytes: body, from: 0, to: body.length, count: count + 1 }, files, false);
        expect(notes.get(key)).toBe(CHANGED);
        expect([...notes.values()].filter((note) => note > CHANGED)).toHaveLength(2);
      }
    }
  });
});

describe('countLinesBelow()', () => {
  it('counts the files below a directory, and none beside it', () => {
    fc.assert(
      fc.property(tree, path, (stored, directory) => {
        const below = [...stored.keys()].filter((at) => at.startsWith(`${directory}/`));
        expect(countLinesBelow(linesOf(stored), directory)).toBe(below.length);
      }),
    );
    const lines = linesOf(
      new Map(['d', 'd-/x', 'd.c', 'd/a', 'd/b/c', 'd0', 'dd/x'].map((at) => [at, good])),
    );
    expect(['d', 'd/b', 'dd', 'none', 'd/a'].map((at) => countLinesBelow(lines, at))).toEqual([
      2, 1, 1, 0, 0,
    ]);
  });
});
