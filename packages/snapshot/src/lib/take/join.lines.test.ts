import fc from 'fast-check';
import { compareTreePaths, isTreePath, treePathFromBytes } from '@muse/paths';
import type { FileCacheEntry, StoredLines } from '@muse/stat-cache';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import { changedField } from '@muse/stat-cache/lines';
import { hostileNames } from '@muse/testkit';
import {
  BAD_LINE,
  DETAIL_WORDS,
  FIRST_HIT,
  listingsIn,
  NEW,
  ReplyWriter,
  PackedStats,
} from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { LineJoin } from './join.js';

const DIRECTORY = 6;
const SECOND = 10n ** 9n;
const time = fc
  .tuple(
    fc.oneof(
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.constantFrom(
        0n,
        -1n,
        1_710_000_000n,
        2n ** 32n,
        9_223_372_037n,
        -9_223_372_038n,
        -(2n ** 63n),
        2n ** 63n - 1n,
      ),
    ),
    fc.oneof(fc.bigInt(0n, SECOND - 1n), fc.constantFrom(0n, 1n, SECOND - 1n)),
  )
  .map(([seconds, ns]) => seconds * SECOND + ns);
const name = fc.oneof(
  fc.constantFrom('a', 'a.c', 'a-b', 'a0', 'a"', 'b', 'ab', '__proto__', '10', '9'),
  fc.constantFrom(...hostileNames.map((bytes) => treePathFromBytes(bytes))),
);
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
const entry = fc.record({
  size: fc.bigInt({ min: 0n, max: 2n ** 62n }),
  mtimeNs: time,
  ctimeNs: time,
  ino: fc.oneof(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), fc.constantFrom(1n, 2n ** 32n, 2n ** 53n + 1n)),
  objectId: fc
    .string({ unit: fc.constantFrom('0', '1', '9', 'a', 'f'), minLength: 64, maxLength: 64 })
    .map((digits) => `sha256:${digits}` as const),
  dimensions: fc.constantFrom(new Map<string, string>(), new Map([['symbols', 'x"\n']])),
});
type Entry = FileCacheEntry & { readonly ctimeNs: bigint };
type Files = ReadonlyMap<string, Entry>;
const tree: fc.Arbitrary<Files> = fc
  .array(fc.tuple(path, entry), { maxLength: 30 })
  .map((pairs) => withoutFilesAbove(new Map(pairs)));

/** A path cannot be a file and have others below it. */
function withoutFilesAbove(files: Files): Files {
  const paths = [...files.keys()];
  return new Map(
    [...files].filter(([at]) => isTreePath(at) && !paths.some((other) => other.startsWith(`${at}/`))),
  );
}

function linesOf(entries: Files): StoredLines {
  const base = { size: 0, has: () => false, get: () => undefined, entries: () => [] };
  const text = Buffer.concat([...jsonV3Codec.encode({ base, put: entries, remove: new Set() })]);
  const from = text.indexOf('\n') + 1;
  const to = text.lastIndexOf('\n') + 1;
  return { bytes: text, from, to, count: entries.size };
}

interface Joined {
  readonly matches: Map<string, number>;
  readonly gone: string[];
}

/** Joins the directories of some files with the lines, from the top down as a scan does. */
function join(lines: StoredLines, files: Files): Joined {
  const matches = new Map<string, number>();
  const gone: string[] = [];
  const pending = [{ path: '', from: lines.from, to: lines.to }];
  for (let at = pending.pop(); at; at = pending.pop()) {
    const prefix = at.path === '' ? '' : `${at.path}/`;
    const below = [...files.keys()].filter((file) => file.startsWith(prefix));
    const keys = [...new Set(below.map((file) => /^[^/]*\/?/.exec(file.slice(prefix.length))?.[0] ?? ''))];
    const details = new Int32Array(keys.length * DETAIL_WORDS);
    keys.forEach((key, i) => {
      const file = files.get(prefix + key);
      if (file) new PackedStats(details).write({ dev: 1n, ...file }, i * DETAIL_WORDS);
    });
    const writer = new ReplyWriter();
    writer.addListed(
      {
        names: keys.map((key) => key.replace(/\/$/, '')),
        kinds: keys.map((key) => (key.endsWith('/') ? DIRECTORY : NEW)),
        details,
        order: keys.map((_, i) => i).sort((a, b) => compareTreePaths(keys[a] ?? '', keys[b] ?? '')),
        skipped: [0, 0, 0, 0, 0, 0],
      },
      { join: new LineJoin(lines, at.path, at) },
    );
    const [listing] = listingsIn(writer.take());
    if (!listing) throw new Error('The reply has no record');
    for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
      const found = prefix + cursor.name;
      if (cursor.match === DIRECTORY) pending.push({ path: found, ...cursor.slice });
      else matches.set(found, cursor.match);
    }
    const text = Buffer.from(lines.bytes);
    for (const { from, to } of listing.gone) {
      for (const line of text.toString('utf8', from, to).trimEnd().split(/,?\n/)) {
        gone.push(JSON.parse(/^"(?:[^"\\]|\\.)*"/.exec(line)?.[0] ?? '""') as string);
      }
    }
  }
  return { matches, gone: gone.sort(compareTreePaths) };
}

const REASONS = ['new', 'size', 'mtime', 'ctime', 'inode'];
const good: Entry = {
  size: 5n,
  mtimeNs: 1_000_000_000n,
  ctimeNs: 2_000_000_007n,
  ino: 10n,
  objectId: `sha256:${'a'.repeat(64)}`,
  dimensions: new Map(),
};

describe('LineJoin', () => {
  it('says of each file and each line what a look-up by its path says', () => {
    fc.assert(
      fc.property(tree, tree, fc.boolean(), (stored, others, touched) => {
        const lines = linesOf(stored);
        // What is on disk: most of what is stored, some of it changed, and files of which nothing is known.
        const kept = [...stored]
          .filter((_, i) => i % 4 !== 3)
          .map(([at, value], i): [string, Entry] => {
            return [at, touched && i % 3 === 0 ? { ...value, ctimeNs: value.ctimeNs + 1n } : value];
          });
        const files = withoutFilesAbove(new Map([...others, ...kept]));
        const { matches, gone } = join(lines, files);
        for (const [at, file] of files) {
          const match = matches.get(at) ?? -1;
          const before = stored.get(at);
          const changed = before === undefined ? 'new' : changedField(before, file);
          if (changed) expect(REASONS[match]).toBe(changed);
          else expect(Buffer.from(lines.bytes).toString('latin1', match, match + 71)).toBe(before?.objectId);
        }
        expect(matches.size).toBe(files.size);
        expect(gone).toEqual([...stored.keys()].filter((at) => !files.has(at)).sort(compareTreePaths));
      }),
      { numRuns: 500 },
    );
  });

  it('takes no line whose numbers or id are damaged', () => {
    const files = new Map([['a', good]]);
    const { from, to, bytes } = linesOf(files);
    for (let at = from + 5; at < to - 1; at++) {
      for (const bit of [1, 2, 4, 16, 64]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ bit;
        const match = join({ bytes: damaged, from, to, count: 1 }, files).matches.get('a') ?? -1;
        const id = damaged.toString('latin1', match, match + 71);
        // Another digit in the id is damage that only the checksum can tell.
        if (match >= FIRST_HIT) expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
        if (match >= FIRST_HIT && id === good.objectId)
          expect(damaged.equals(Buffer.from(bytes))).toBe(false);
      }
    }
  });

  it('takes no line whose path is repeated, and calls none of them gone', () => {
    const { from, to, bytes } = linesOf(new Map(['a', 'z', 'é"'].map((key) => [key, good])));
    const lines = Buffer.from(bytes).toString('utf8', from, to).replace(/\n$/, '').split(',\n');
    for (const [at, key] of ['a', 'z', 'é"'].entries()) {
      for (const times of [2, 3]) {
        const again = Array.from({ length: times }, (_, i) => lines[at]?.replace('aaa"', `${i}aa"`) ?? '');
        const body = [...lines.slice(0, at), ...again, ...lines.slice(at + 1)].join(',\n');
        const files = new Map(['a', 'z', 'é"'].map((each) => [each, good] as const));
        const all = Buffer.from(`${'-'.repeat(FIRST_HIT)}${body}\n`);
        const { matches, gone } = join({ bytes: all, from: FIRST_HIT, to: all.length, count: 0 }, files);
        expect(matches.get(key)).toBe(BAD_LINE);
        expect([...matches.values()].filter((match) => match >= FIRST_HIT)).toHaveLength(2);
        expect(gone).toEqual([]);
      }
    }
  });

  it('takes no escape in a key for what a name has in its place', () => {
    const [line = ''] = Buffer.from(linesOf(new Map([['e\n/x', good]])).bytes)
      .toString()
      .split('\n')
      .slice(1);
    const all = Buffer.from(`${'-'.repeat(FIRST_HIT)}${line}\n`);
    // Its name is a backslash and an n, and its line would begin with two backslashes.
    const names = Buffer.from('x\0');
    const details = new Int32Array(DETAIL_WORDS);
    new PackedStats(details).write({ dev: 1n, ...good }, 0);
    const lines = { bytes: all, from: FIRST_HIT, to: all.length, count: 1 };
    expect(new LineJoin(lines, 'e\\n', lines).file(names, 0, 1, details, 0)).toBe(NEW);
    expect(new LineJoin(lines, 'e\n', lines).file(names, 0, 1, details, 0)).toBeGreaterThan(FIRST_HIT);
  });

  it('ends, and makes no hit of another file, whatever order the lines are in', () => {
    fc.assert(
      fc.property(tree, fc.array(fc.nat()), (stored, moves) => {
        const { from, to, bytes } = linesOf(stored);
        const lines = Buffer.from(bytes).toString('utf8', from, to).trimEnd().split(',\n');
        for (const move of moves) lines.splice(move % (lines.length + 1), 0, ...lines.splice(0, 1));
        const all = Buffer.from(`${'-'.repeat(FIRST_HIT)}${lines.join(',\n')}\n`);
        if (stored.size === 0) return;
        const { matches } = join({ bytes: all, from: FIRST_HIT, to: all.length, count: 0 }, stored);
        for (const [at, match] of matches) {
          if (match < FIRST_HIT) continue;
          expect(all.toString('latin1', match, match + 71)).toBe(stored.get(at)?.objectId);
        }
      }),
    );
  });
});
