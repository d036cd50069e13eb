import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWellFormedPath, toFsPath, treePathFromBytes, treePathToBytes } from './tree-path.js';

const table: [name: string, bytes: number[], text: string][] = [
  ['ASCII', [0x61, 0x2f, 0x62], 'a/b'],
  ['two, three and four bytes', [0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x92, 0xa9], 'é€💩'],
  ['a genuine U+FFFD', [0xef, 0xbf, 0xbd], '\ufffd'],
  ['a genuine U+FFFD beside a stray byte', [0xef, 0xbf, 0xbd, 0xff], '\ufffd\udcff'],
  ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
  ['NFD as it is', [0x65, 0xcc, 0x81], 'e\u0301'],
  ['a lone continuation', [0x80], '\udc80'],
  ['Latin-1', [0x63, 0x61, 0x66, 0xe9], 'caf\udce9'],
  ['a cut sequence', [0xe2, 0x82], '\udce2\udc82'],
  ['a cut sequence before ASCII', [0xf0, 0x9f, 0x92, 0x2f], '\udcf0\udc9f\udc92/'],
  ['overlong slash', [0xc0, 0xaf], '\udcc0\udcaf'],
  ['overlong in three bytes', [0xe0, 0x80, 0xaf], '\udce0\udc80\udcaf'],
  ['overlong in four bytes', [0xf0, 0x8f, 0xbf, 0xbf], '\udcf0\udc8f\udcbf\udcbf'],
  ['an encoded surrogate', [0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
  ['the last before the surrogates', [0xed, 0x9f, 0xbf], '\ud7ff'],
  ['the highest code point', [0xf4, 0x8f, 0xbf, 0xbf], '\u{10ffff}'],
  ['above the highest', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
  ['a pair before an escaped byte', [0xf0, 0x9f, 0x92, 0xa9, 0xa9], '💩\udca9'],
  ['five-byte lead', [0xf8, 0x88], '\udcf8\udc88'],
];

/** Bytes in which sequences of UTF-8 start, break off and go on often. */
const trickyBytes = fc
  .array(fc.oneof(fc.constantFrom(0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc3, 0xe0, 0xed, 0xf0, 0xf4), fc.nat(255)))
  .map((bytes) => Uint8Array.from(bytes));

describe('treePathFromBytes', () => {
  it.each(table)('maps %s', (_, bytes, text) => {
    expect(treePathFromBytes(Uint8Array.from(bytes))).toBe(text);
  });

  it('reads a view into a larger buffer', () => {
    expect(treePathFromBytes(Buffer.from('xabc').subarray(1))).toBe('abc');
    expect(treePathFromBytes(Uint8Array.of(0x78, 0xff, 0x61).subarray(1))).toBe('\udcffa');
  });

  it.skipIf(spawnSync('python3', ['--version']).status !== 0)('agrees with os.fsdecode', () => {
    const samples = fc.sample(trickyBytes, { numRuns: 2000, seed: 7 }).map((bytes) => Buffer.from(bytes));
    const program =
      'import sys, json; json.dump([bytes.fromhex(l).decode("utf-8", "surrogateescape") for l in sys.stdin.read().split("\\n")], sys.stdout)';
    const input = samples.map((bytes) => bytes.toString('hex')).join('\n');
    const expected = JSON.parse(
      execFileSync('python3', ['-c', program], { input, encoding: 'utf8' }),
    ) as unknown;
    expect(samples.map(treePathFromBytes)).toEqual(expected);
  });
});

describe('treePathToBytes', () => {
  it.each(table)('maps %s back', (_, bytes, text) => {
    expect([...treePathToBytes(text)]).toEqual(bytes);
  });

  it('gives back any bytes', () => {
    fc.assert(
      fc.property(trickyBytes, (bytes) => {
        expect(treePathToBytes(treePathFromBytes(bytes)).equals(bytes)).toBe(true);
      }),
    );
  });

  it.each(['\ud800', 'a\udc7f', '\udd00b', '\udc80\udbff'])('refuses the stray surrogate in %j', (path) => {
    expect(() => treePathToBytes(path)).toThrow(TypeError);
    expect(() => treePathToBytes(path)).toThrow(/stands for no byte/);
  });
});

describe('isWellFormedPath', () => {
  it('is false with an escaped byte', () => {
    expect(isWellFormedPath('caf\udce9')).toBe(false);
    expect(isWellFormedPath('café 💩')).toBe(true);
  });
});

describe('toFsPath', () => {
  it('gives bytes only where the string would lose some', () => {
    expect(toFsPath('café')).toBe('café');
    expect(toFsPath('caf\udce9')).toEqual(Buffer.from('caf\xe9', 'latin1'));
  });
});
