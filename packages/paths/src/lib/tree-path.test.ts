import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTreePath, parseTreePath, treePathFromBytes } from './tree-path.js';

const refused: [text: string, reason: RegExp][] = [
  ['', /it is empty/],
  ['/', /it is absolute/],
  ['/a', /it is absolute/],
  ['a/', /it ends with "\/"/],
  ['a//b', /empty segment/],
  ['.', /segment "\."/],
  ['..', /segment "\.\."/],
  ['./a', /segment "\."/],
  ['a/.', /segment "\."/],
  ['a/../b', /segment "\.\."/],
  ['a/b\0c/d', /segment "b\\u0000c" must not contain NUL/],
  ['a/\ud800', /segment "\\ud800"/],
  ['a\udc7f/b', /segment "a\\udc7f"/],
  ['x/\udcc3\udca9/y', /segment "\\udcc3\\udca9"/],
  ['💩\udcff/\udcf0\udc9f\udc92\udca9', /segment "\\udcf0\\udc9f\\udc92\\udca9"/],
];

describe('parseTreePath', () => {
  it.each([
    'a',
    'a/b/c',
    '...',
    '..a',
    'a..',
    '.muse',
    'a\\b',
    'C:/x',
    ' ',
    'a\nb',
    '__proto__',
    'é',
    'e\u0301',
    '💩',
    '\ufffd',
    'caf\udce9',
    '\udcc3/\udca9',
    '💩\udca9',
  ])('returns %j', (text) => {
    expect(parseTreePath(text)).toBe(text);
    expect(isTreePath(text)).toBe(true);
  });

  it.each(refused)('refuses %j', (text, reason) => {
    expect(() => parseTreePath(text)).toThrow(SyntaxError);
    expect(() => parseTreePath(text)).toThrow(reason);
    expect(isTreePath(text)).toBe(false);
  });

  it('names the path and the segment', () => {
    expect(() => parseTreePath('a/../b')).toThrow(
      'Cannot use "a/../b" as a tree path: segment ".." must be the name of a file or directory',
    );
  });
});

describe('isTreePath', () => {
  it('agrees with the rule told segment by segment', () => {
    const text = fc.array(
      fc.constantFrom('a', '.', '/', '\0', 'é', '\ud83d', '\udca9', '\udcc3', '\udcff', '\udd00'),
    );
    fc.assert(
      fc.property(text, (parts) => {
        const path = parts.join('');
        const segments = path.split('/');
        expect(isTreePath(path)).toBe(segments.every((s) => !['', '.', '..'].includes(s) && isName(s)));
      }),
      { numRuns: 5000 },
    );
  });

  it('accepts what a system can list', () => {
    const byte = fc.nat(255).filter((value) => value !== 0 && value !== 0x2f);
    const name = fc.array(byte, { minLength: 3 }).map((bytes) => treePathFromBytes(Uint8Array.from(bytes)));
    fc.assert(fc.property(fc.array(name, { minLength: 1 }), (names) => isTreePath(names.join('/'))));
  });
});

/** The slow way: some bytes without NUL decode to this name. */
function isName(name: string): boolean {
  const bytes = Array.from(name, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return point >= 0xd800 && point <= 0xdfff ? Buffer.of(point - 0xdc00) : Buffer.from(character);
  });
  return !name.includes('\0') && treePathFromBytes(Buffer.concat(bytes)) === name;
}
