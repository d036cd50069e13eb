import { createHash } from 'node:crypto';
import { treePathFromBytes, treePathToBytes } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import { nativeEngine } from '@muse/walker/scan';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeSnapshotId, SnapshotIdHasher, SnapshotIdPieces } from './manifest.js';

const a: ObjectId = `sha256:${'a'.repeat(64)}`;
const b: ObjectId = `sha256:${'b'.repeat(64)}`;

const name = fc
  .uint8Array({ minLength: 3, maxLength: 8 })
  .map((bytes) => treePathFromBytes(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0xe9 : byte))));
const entries = fc.uniqueArray(fc.tuple(name, fc.constantFrom(a, b)), { selector: ([path]) => path });

function sha256(text: string | Buffer): ObjectId {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

describe('computeSnapshotId', () => {
  it('hashes nothing for the empty manifest', () => {
    expect(computeSnapshotId(new Map())).toBe(sha256(''));
  });

  it('joins path and object id, and the entries, by NUL', () => {
    expect(computeSnapshotId(new Map([['x/é', a]]))).toBe(sha256(`x/é\0${a}`));
    const two = new Map([
      ['x', a],
      ['y', b],
    ]);
    expect(computeSnapshotId(two)).toBe(sha256(`x\0${a}\0y\0${b}`));
  });

  it('takes the bytes of names that are not UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('caf\xe9\0', 'latin1'), Buffer.from(a)]);
    expect(computeSnapshotId(new Map([['caf\udce9', a]]))).toBe(sha256(bytes));
  });

  it('takes byte order', () => {
    const paths = ['a', 'a-b', 'a/b', 'b', '\ue000', '💩', '\udcff'];
    const expected = new SnapshotIdHasher();
    for (const path of paths) expected.add(path, a);
    const shuffled = paths.toReversed().map((path) => [path, a] as const);
    expect(computeSnapshotId(new Map(shuffled))).toBe(expected.digest());
  });

  it('does not depend on the order of insertion', () => {
    const shuffled = entries.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(computeSnapshotId(new Map(other))).toBe(computeSnapshotId(new Map(list)));
      }),
    );
  });

  it('hashes more entries than one chunk holds', () => {
    const many = Array.from(
      { length: 5000 },
      (_, index) => `${String(index).padStart(6, '0')}${index % 7 ? '' : '\udcff'}`,
    );
    const parts = many.map((path) =>
      Buffer.from(`${path.replace('\udcff', '\xff')}\0${a}`, 'latin1').toString('latin1'),
    );
    const id = sha256(Buffer.from(parts.join('\0'), 'latin1'));
    expect(computeSnapshotId(new Map(many.map((path) => [path, a])))).toBe(id);
  });

  it('tells apart manifests that differ in one path or one object id', () => {
    fc.assert(
      fc.property(entries, name, (list, path) => {
        const manifest = new Map(list);
        const changed = new Map(manifest).set(path, manifest.get(path) === a ? b : a);
        expect(computeSnapshotId(changed)).not.toBe(computeSnapshotId(manifest));
      }),
    );
  });

  it('takes paths longer than a chunk', () => {
    const long = `${'d'.repeat(250)}/`.repeat(400);
    const manifest = new Map([
      ['a', a],
      [`${long}f`, a],
      [`${long}é`, b],
      ['z', b],
    ]);
    expect(computeSnapshotId(manifest)).toBe(sha256(`a\0${a}\0${long}f\0${a}\0${long}é\0${b}\0z\0${b}`));
  });

  it('refuses a path that has no bytes', () => {
    expect(() => computeSnapshotId(new Map([['\ud800', a]]))).toThrow(TypeError);
  });
});

/** Returns the stored lines of entries that are in path order, as a cache has them. */
function linesOf(all: readonly (readonly [path: string, id: ObjectId, dimensions?: string])[]): Buffer {
  const numbers = '"mtime":1.000000000,"ctime":-2.500000000,"size":5,"ino":131';
  const texts = all.map(
    ([path, id, dimensions = '{}']) =>
      `${JSON.stringify(path)}:{${numbers},"object_hash":"${id}","dimensions":${dimensions}}`,
  );
  const text = Buffer.from(texts.length === 0 ? '' : `${texts.join(',\n')}\n`);
  const lines = Buffer.from(new SharedArrayBuffer(text.length));
  lines.set(text);
  return lines;
}

const digest = (await nativeEngine(undefined))?.native.digest;
type Hasher = SnapshotIdHasher | SnapshotIdPieces;
const hashers: [name: string, create: () => Hasher][] = [
  ['SnapshotIdHasher', () => new SnapshotIdHasher()],
  ...(digest ? [['SnapshotIdPieces', () => new SnapshotIdPieces(digest)] as [string, () => Hasher]] : []),
];

describe.each(hashers)('%s', (_name, create) => {
  it('takes names in a directory, and lines, for the same as paths', async () => {
    const hasher = create();
    const all: [string, ObjectId][] = [
      ['b\n"', a],
      ['d\udcff/\udce9', b],
      ['💩\u0001', a],
    ];
    const lines = linesOf(all);
    hasher.add('a', a);
    hasher.addLines(lines, 0, lines.indexOf(10) + 1);
    hasher.enter('d\udcff/');
    hasher.add('f', a);
    hasher.addLines(lines, lines.indexOf(10) + 1, lines.length);
    hasher.enter('');
    hasher.add('z', a);
    expect(await hasher.digest()).toBe(
      sha256(
        Buffer.concat(
          [
            ['a', a] as const,
            ['b\n"', a] as const,
            ['d\udcff/f', a] as const,
            ...all.slice(1),
            ['z', a] as const,
          ]
            .flatMap(([path, id]) => [Buffer.of(0), treePathToBytes(path), Buffer.of(0), Buffer.from(id)])
            .slice(1),
        ),
      ),
    );
  });

  it('takes any lines for the same as their paths and object ids, with dimensions or without', async () => {
    const dimensions = fc.constantFrom('{}', '{"a":"b"}', '{"a":"\\",\\"dimensions\\":{}}","b,":""}');
    const line = fc.tuple(name, fc.constantFrom(a, b), dimensions);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(line, { selector: ([path]) => path }), async (all) => {
        const lines = linesOf(all);
        const [whole, single, other] = [create(), create(), create()];
        whole.addLines(lines, 0, lines.length);
        for (let at = 0; at < lines.length;) {
          const next = lines.indexOf(10, at) + 1;
          single.addLines(lines, at, next);
          at = next;
        }
        // Of other lines than those before, and below a directory.
        const below = linesOf(all.map(([path, ...rest]) => [`é/${path}`, ...rest]));
        other.addLines(linesOf([]), 0, 0);
        other.addLines(linesOf([['a', b]]), 0, linesOf([['a', b]]).length);
        other.addLines(below, 0, below.length, 3);
        const parts = all.map(([path, id]) => `${treePathToBytes(path).toString('latin1')}\0${id}`);
        const id = sha256(Buffer.from(parts.join('\0'), 'latin1'));
        expect([await whole.digest(), await single.digest()]).toEqual([id, id]);
        expect(await other.digest()).toBe(sha256(Buffer.from([`a\0${b}`, ...parts].join('\0'), 'latin1')));
      }),
    );
  });

  it('takes names and digests of files for the same as names and object ids', async () => {
    const many = fc.uniqueArray(name, { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { maxLength: 4 }), many, async (directories, names) => {
        const [byText, byBytes] = [create(), create()];
        const digests = Buffer.concat(names.map((_, i) => createHash('sha256').update(`${i}`).digest()));
        const bytes = Buffer.concat(
          names.map((path) => Buffer.concat([treePathToBytes(path), Buffer.of(0)])),
        );
        for (const directory of directories) {
          byText.enter(`${directory}/`);
          byBytes.enter(`${directory}/`);
          for (const [i, path] of names.entries()) byText.add(path, sha256(`${i}`));
          byBytes.addFiles(bytes, digests);
          byBytes.add('z', a);
          byText.add('z', a);
        }
        expect(await byBytes.digest()).toBe(await byText.digest());
      }),
    );
  });

  it('takes more lines and more text than one chunk holds', async () => {
    const all = Array.from({ length: 3000 }, (_, i): [string, ObjectId] => [`directory/${100_000 + i}`, a]);
    const lines = linesOf(all);
    const hasher = create();
    hasher.addLines(lines, 0, lines.length);
    for (const [path, id] of all) hasher.add(`e${path}`, id);
    const texts = [...all, ...all.map(([path, id]) => [`e${path}`, id] as const)];
    expect(await hasher.digest()).toBe(sha256(texts.map(([path, id]) => `${path}\0${id}`).join('\0')));
  });

  it('takes any names in any directories for the same as paths', async () => {
    const directories = fc.uniqueArray(name, { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(directories, entries, async (prefixes, list) => {
        const hasher = create();
        const manifest: string[] = [];
        for (const directory of prefixes) {
          hasher.enter(`${directory}/`);
          for (const [path, id] of list) {
            hasher.add(path, id);
            manifest.push(`${treePathToBytes(`${directory}/${path}`).toString('latin1')}\0${id}`);
          }
        }
        expect(await hasher.digest()).toBe(sha256(Buffer.from(manifest.join('\0'), 'latin1')));
      }),
    );
  });
});
