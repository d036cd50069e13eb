import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentsOf, decodeAll, encodeAll } from './support/canonical.js';
import { asMap, cacheEntry, idOf } from './support/entries.js';

const original = encodeAll([
  ['a/b.c', cacheEntry()],
  ['caf\udce9', cacheEntry({ mtimeNs: -1n, ino: 2n ** 60n })],
  ['é"\n', cacheEntry({ objectId: idOf('x'), dimensions: new Map([['symbols', 'é\n']]) })],
]);
const truth = asMap(contentsOf(original));

/** Damaged text is discarded, or it still says nothing but the truth. */
function expectHarmless(text: Buffer): void {
  const result = decodeAll(text);
  if ('discarded' in result) return;
  for (const [path, entry] of result.contents.entries()) expect(entry, path).toEqual(truth.get(path));
  for (const path of truth.keys()) result.contents.get(path);
}

describe('a damaged file', () => {
  it('is harmless, cut off at any byte', () => {
    for (let length = 0; length < original.length; length++) {
      const text = original.subarray(0, length);
      expect(decodeAll(text)).toMatchObject({ discarded: 'not-json' });
    }
  });

  it('is harmless, with any bit flipped', () => {
    for (let at = 0; at < original.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const text = Buffer.from(original);
        text[at] = (text[at] ?? 0) ^ (1 << bit);
        expectHarmless(text);
      }
    }
  });

  it('is harmless, with any byte missing, doubled or zero', () => {
    for (let at = 0; at < original.length; at++) {
      expectHarmless(Buffer.concat([original.subarray(0, at), original.subarray(at + 1)]));
      expectHarmless(Buffer.concat([original.subarray(0, at), original.subarray(Math.max(0, at - 1))]));
      expectHarmless(Buffer.concat([original.subarray(0, at), Buffer.of(0), original.subarray(at + 1)]));
    }
  });

  it('is harmless, with its tail or any stretch of it zeroed, as after a power cut', () => {
    for (let at = 0; at < original.length; at += 7) {
      expectHarmless(Buffer.from(original).fill(0, at));
      expectHarmless(Buffer.from(original).fill(0, at, Math.min(at + 16, original.length)));
    }
  });

  it('is harmless, made of two versions', () => {
    const other = encodeAll([['a/b.c', cacheEntry({ objectId: idOf('newer') })]]);
    for (let at = 0; at < original.length; at += 3) {
      const mixed = Buffer.concat([other.subarray(0, at), original.subarray(at)]);
      const result = decodeAll(mixed);
      if (at >= 1 && at < other.length && 'contents' in result) {
        const whole = asMap(result.contents);
        expect([truth, asMap(contentsOf(other))]).toContainEqual(whole);
      }
    }
  });

  it('never throws, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeAll(bytes);
      }),
    );
    const piece = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"', '\n', '\\', '3', '-', '.', 'e', ' ', '\u0000', 'é'],
      ...['"version":3', '"entries":{\n', '"checksum":"', '"a":', '},', 'null', 'true'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        decodeAll(Buffer.from(pieces.join('')));
      }),
      { numRuns: 2000 },
    );
  });
});
