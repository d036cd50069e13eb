import assert from 'node:assert/strict';
import { contentsOf } from '../memory-storage.js';
import type { CacheChange, CacheCodec, CacheContents, FileCacheEntry } from '../types.js';
import { checked, expectContents, loadedContents } from './expect-contents.js';
import { DIMENSIONED, EXACT, HOSTILE, many, specimen } from './specimens.js';

/** Something that every codec must do. */
export interface CodecCase {
  readonly name: string;
  /** Rejects with an `AssertionError` where the codec does not. */
  run(codec: CacheCodec): Promise<void>;
}

type Entries = ReadonlyMap<string, FileCacheEntry>;
type Check = (codec: CacheCodec) => void | Promise<void>;

const NOTHING = contentsOf(new Map());
const SMALL: Entries = new Map([
  ['a', specimen(1)],
  ['caf\udce9/"\n', specimen(2, { mtimeNs: -1n, dimensions: new Map([['é', '\n']]) })],
  ['z', specimen(3)],
]);

/** The cases that every codec must pass. */
export const codecCases: readonly CodecCase[] = [
  check('no entries come back as no entries', (codec) => {
    expectContents(decode(codec, encode(codec, {})), new Map());
  }),
  check('numbers come back exact: nanoseconds, inodes above 2^53, times before the epoch', (codec) => {
    expectContents(decode(codec, encode(codec, { put: EXACT })), EXACT);
  }),
  check('any tree path is a key of its own, whatever is in it', (codec) => {
    expectContents(decode(codec, encode(codec, { put: HOSTILE })), HOSTILE);
  }),
  check('dimensions come back, whatever is in them', (codec) => {
    expectContents(decode(codec, encode(codec, { put: DIMENSIONED })), DIMENSIONED);
  }),
  check('20,000 entries come back', (codec) => {
    expectContents(decode(codec, encode(codec, { put: many(20_000) })), many(20_000));
  }),
  check('a change of what was decoded is what was decoded, changed', (codec) => {
    let base = decode(codec, encode(codec, { put: HOSTILE }));
    const expected = new Map(HOSTILE);
    const paths = [...HOSTILE.keys()];
    for (let round = 0; round < 8; round++) {
      const put = new Map<string, FileCacheEntry>([[`new${round}`, specimen(round)]]);
      const remove = new Set(['nowhere']);
      paths.forEach((path, at) => {
        if (at % 8 === round) remove.add(path);
        else if ((at + round) % 5 === 0 && expected.has(path)) put.set(path, specimen(1000 * round + at));
      });
      for (const path of remove) expected.delete(path);
      for (const [path, entry] of put) expected.set(path, entry);
      base = decode(codec, encode(codec, { base, put, remove }));
      expectContents(base, expected);
    }
  }),
  check('a change of contents from elsewhere is these, changed', (codec) => {
    const bytes = encode(codec, {
      base: contentsOf(SMALL),
      put: new Map([['a', specimen(9)]]),
      remove: new Set(['z']),
    });
    const expected = new Map(SMALL).set('a', specimen(9));
    expected.delete('z');
    expectContents(decode(codec, bytes), expected);
  }),
  check('what was decoded does not change by encoding a change of it', (codec) => {
    const base = decode(codec, encode(codec, { put: SMALL }));
    encode(codec, {
      base,
      put: new Map([
        ['a', specimen(9)],
        ['b', specimen(8)],
      ]),
      remove: new Set(['z']),
    });
    expectContents(base, SMALL);
  }),
  check('pieces keep their bytes when the next one is asked for', (codec) => {
    const pieces: Uint8Array[] = [];
    const copies: Uint8Array[] = [];
    for (const piece of codec.encode({ base: NOTHING, put: many(500), remove: new Set() })) {
      assert(piece instanceof Uint8Array, 'a piece must be a Uint8Array');
      pieces.push(piece);
      copies.push(Uint8Array.from(piece));
    }
    assert(Buffer.concat(pieces).equals(Buffer.concat(copies)));
  }),
  check('bytes are decoded where they lie in a larger memory, and not changed', (codec) => {
    const bytes = encode(codec, { put: SMALL });
    const larger = new Uint8Array(bytes.length + 13).fill(0x22);
    larger.set(bytes, 7);
    const before = Uint8Array.from(larger);
    expectContents(decode(codec, larger.subarray(7, 7 + bytes.length)), SMALL);
    assert.deepEqual(larger, before);
  }),
  check('a check that goes on elsewhere finds nothing wrong with what was encoded', async (codec) => {
    loadedContents(await checked(codec.decode(encode(codec, { put: SMALL }))));
  }),
  check('bytes that are no encoding are discarded with a reason, and nothing is thrown', (codec) => {
    const texts = ['', '\0', '{', '{}', '[]', 'null', '"', 'garbage', '\ufeff', '[['.repeat(50_000)];
    const blobs = [
      ...texts.map((text) => Buffer.from(text)),
      Buffer.from([0xff, 0, 0xde, 0xad]),
      Buffer.alloc(4096),
    ];
    for (const bytes of blobs) {
      const result = codec.decode(bytes);
      assert('discarded' in result, `${JSON.stringify(bytes.toString().slice(0, 20))} must be discarded`);
      assert.equal(typeof result.detail, 'string');
    }
  }),
  check('an encoding that is cut off gives no wrong entry', async (codec) => {
    const bytes = encode(codec, { put: SMALL });
    for (let length = 0; length < bytes.length; length++) await expectTrue(codec, bytes.subarray(0, length));
  }),
  check('an encoding with a bit flipped gives no wrong entry', async (codec) => {
    const bytes = encode(codec, { put: SMALL });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expectTrue(codec, damaged);
    }
  }),
  check('an encoding with a stretch of zeros gives no wrong entry', async (codec) => {
    const bytes = encode(codec, { put: SMALL });
    for (let at = 0; at < bytes.length; at += 5) {
      await expectTrue(codec, Uint8Array.from(bytes).fill(0, at));
      await expectTrue(codec, Uint8Array.from(bytes).fill(0, at, at + 9));
    }
  }),
  check('an encoding with more bytes after its end gives no wrong entry', async (codec) => {
    const bytes = encode(codec, { put: SMALL });
    const other = encode(codec, { put: new Map([['a', specimen(99)]]) });
    await expectTrue(codec, Buffer.concat([bytes, Buffer.from('\n')]));
    await expectTrue(codec, Buffer.concat([bytes, Buffer.alloc(512)]));
    await expectTrue(codec, Buffer.concat([bytes, other]));
  }),
];

function check(name: string, run: Check): CodecCase {
  return {
    name,
    run: async (codec) => {
      await run(codec);
    },
  };
}

function encode(codec: CacheCodec, change: Partial<CacheChange>): Buffer {
  const whole = {
    base: NOTHING,
    put: new Map<string, FileCacheEntry>(),
    remove: new Set<string>(),
    ...change,
  };
  return Buffer.concat([...codec.encode(whole)]);
}

function decode(codec: CacheCodec, bytes: Uint8Array): CacheContents {
  return loadedContents(codec.decode(bytes));
}

/** Damaged bytes of `SMALL` may be discarded, or lose entries; those that remain must be right. */
async function expectTrue(codec: CacheCodec, bytes: Uint8Array): Promise<void> {
  const result = await checked(codec.decode(bytes));
  if ('discarded' in result) return;
  const left = new Map([...result.contents.entries()].map(([path]) => [path, SMALL.get(path)]));
  for (const [path, entry] of left) {
    assert(entry, `damage must not bring up ${JSON.stringify(path)}`);
    expectContents(only(result.contents, path), new Map([[path, entry]]));
  }
  for (const path of SMALL.keys()) assert.equal(result.contents.has(path), left.has(path));
}

/** The part of contents that is one path. */
function only(contents: CacheContents, path: string): CacheContents {
  const entry = contents.get(path);
  return {
    size: entry ? 1 : 0,
    has: (other) => other === path && entry !== undefined,
    get: (other) => (other === path ? entry : undefined),
    entries: () => [...contents.entries()].filter(([other]) => other === path),
  };
}
