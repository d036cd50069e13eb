import { createHash } from 'node:crypto';
import { treePathFromBytes, treePathToBytes } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeSnapshotId, SnapshotIdHasher } from './manifest.js';

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

describe('SnapshotIdHasher', () => {
  it('takes names in a directory, and text, for the same as paths and strings', () => {
    const hasher = new SnapshotIdHasher();
    hasher.add('a', a);
    hasher.enter('d\udcff/');
    hasher.add('f', a);
    hasher.addText(treePathToBytes(`d\udcff/\udce9\0${b}\0`));
    hasher.enter('');
    hasher.addText(Buffer.from(`z\0${a}\0`));
    const manifest = { a, 'd\udcff/\udce9': b, 'd\udcff/f': a, z: a };
    expect(hasher.digest()).toBe(computeSnapshotId(new Map(Object.entries(manifest))));
  });

  it('takes names and object ids from bytes, and makes no id of bytes that are not there', () => {
    const name = { bytes: Buffer.of(0, 0xe9, 0), from: 1, to: 2 };
    const hasher = new SnapshotIdHasher();
    hasher.enter('d\udcff/');
    hasher.addBytes(name, Buffer.from(`  ${b}  `), 2);
    expect(hasher.digest()).toBe(computeSnapshotId(new Map([['d\udcff/\udce9', b]])));
    expect(() => {
      new SnapshotIdHasher().addBytes(name, Buffer.from(a), 1);
    }).toThrow(RangeError);
    expect(() => {
      new SnapshotIdHasher().addBytes({ ...name, to: 4 }, Buffer.from(a), 0);
    }).toThrow(RangeError);
  });

  it.each([1, 31, 65_535, 65_536, 65_537, 200_000])('takes text in parts of any size, here of %i', (size) => {
    const paths = Array.from({ length: 1500 }, (_, i) => `directory/${100_000 + i}`);
    const text = Buffer.from(paths.map((path) => `${path}\0${a}\0`).join(''));
    const hasher = new SnapshotIdHasher();
    for (let at = 0; at < text.length; at += size) hasher.addText(text.subarray(at, at + size));
    hasher.add('z', b);
    expect(hasher.digest()).toBe(sha256(Buffer.concat([text, Buffer.from(`z\0${b}`)])));
  });

  it.each([0, 1, 1500, 12_000, 40_000])('hashes %i entries once, at the end, if they are few', (count) => {
    const text = Buffer.from(Array.from({ length: count }, (_, i) => `${100_000 + i}\0${a}\0`).join(''));
    const calls: number[] = [];
    const hasher = new SnapshotIdHasher((bytes) => {
      calls.push(bytes.length);
      return sha256(Buffer.from(bytes)).slice('sha256:'.length);
    });
    hasher.addText(text);
    const covered = text.subarray(0, -1);
    expect(hasher.digest()).toBe(sha256(covered));
    expect(calls).toEqual(text.length <= 1 << 20 ? [covered.length] : []);
  });

  it('takes any names in any directories for the same as paths', () => {
    const directories = fc.uniqueArray(name, { maxLength: 5 });
    fc.assert(
      fc.property(directories, entries, (prefixes, list) => {
        const hasher = new SnapshotIdHasher();
        const manifest: string[] = [];
        for (const directory of prefixes) {
          hasher.enter(`${directory}/`);
          for (const [path, id] of list) {
            hasher.add(path, id);
            manifest.push(`${treePathToBytes(`${directory}/${path}`).toString('latin1')}\0${id}`);
          }
        }
        expect(hasher.digest()).toBe(sha256(Buffer.from(manifest.join('\0'), 'latin1')));
      }),
    );
  });
});
