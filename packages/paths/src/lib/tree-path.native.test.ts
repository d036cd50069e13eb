import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relativeOn, relativeTreePath, toNativeOn, toNativePath, treePathFromBytes } from './tree-path.js';

describe('relativeTreePath', () => {
  it.each([
    ['/r', '/r/a/b', 'a/b'],
    ['/r/', '/r/a/../b', 'b'],
    ['/r', '/r', ''],
    ['/r', '/r/', ''],
    ['/', '/a', 'a'],
    ['/', '/', ''],
    ['/r', '/r/..a', '..a'],
    ['/r//x/..', '/r//x/../a', 'a'],
    ['/r', '/r//a', 'a'],
    ['//', '//a', 'a'],
    ['/r', '/r/a\\b', 'a\\b'],
    ['/r', '/r/caf\udce9', 'caf\udce9'],
    ['/r', '/r/\udcc3\udca9', 'é'],
    ['/\udcff', '/\udcff/a', 'a'],
  ])('below %j, %j is %j', (root, file, path) => {
    expect(relativeOn('linux', root, file)).toBe(path);
  });

  it('resolves both against the current directory', () => {
    expect(relativeTreePath('', 'a')).toBe('a');
    expect(relativeTreePath('x', join(process.cwd(), 'x', 'a'))).toBe('a');
    expect(relativeTreePath('x/y', 'x/y/../y/z')).toBe('z');
  });

  it('takes bytes', () => {
    expect(relativeOn('linux', Buffer.from('/r'), Buffer.from('/r/caf\xe9', 'latin1'))).toBe('caf\udce9');
  });

  it.each([
    ['/r', '/'],
    ['/r', '/rx'],
    ['/r', '/r/../x'],
    ['/r/x', '/r'],
  ])('refuses, below %j, %j', (root, file) => {
    expect(() => relativeOn('linux', root, file)).toThrow(RangeError);
    expect(() => relativeOn('linux', root, file)).toThrow(`must be inside the root ${JSON.stringify(root)}`);
  });

  it('refuses NUL', () => {
    expect(() => relativeOn('linux', '/r', '/r/a\0')).toThrow(SyntaxError);
  });

  it.each([
    ['C:\\r', 'C:\\r\\a\\b', 'a/b'],
    ['C:\\r', 'c:/R/A', 'A'],
    ['C:\\', 'C:\\a', 'a'],
    ['C:\\r', 'C:\\r\\', ''],
    ['\\\\host\\share', '\\\\host\\share\\a', 'a'],
  ])('on Windows, below %j, %j is %j', (root, file, path) => {
    expect(relativeOn('win32', root, file)).toBe(path);
  });

  it('on Windows, refuses another drive', () => {
    expect(() => relativeOn('win32', 'C:\\r', 'D:\\r\\a')).toThrow(RangeError);
  });
});

describe('toNativePath', () => {
  it.each([
    ['/r', 'a/b', '/r/a/b'],
    ['/r/', 'a', '/r/a'],
    ['/', 'a', '/a'],
    ['', 'a', 'a'],
    ['', '', '.'],
    ['/r', '', '/r'],
    ['link/..', 'a', 'link/../a'],
    ['/r', 'a\\b', '/r/a\\b'],
    ['/r', 'é', '/r/é'],
  ])('below %j, %j is %j', (root, path, native) => {
    expect(toNativeOn('linux', root, path)).toBe(native);
  });

  it('gives bytes where Node would lose some', () => {
    expect(toNativeOn('linux', '/r', 'caf\udce9')).toEqual(Buffer.from('/r/caf\xe9', 'latin1'));
    expect(toNativeOn('linux', '/\udcff', 'a')).toEqual(Buffer.from('/\xff/a', 'latin1'));
    expect(toNativeOn('linux', '/\udcff', '')).toEqual(Buffer.from('/\xff', 'latin1'));
  });

  it.each(['..', 'a/../b', '/a', 'a/', '\0', '\udcc3\udca9'])('refuses %j', (path) => {
    expect(() => toNativePath('/r', path)).toThrow(SyntaxError);
  });

  it('is undone by relativeTreePath', () => {
    const byte = fc.nat(255).filter((value) => value !== 0 && value !== 0x2f);
    const name = fc.array(byte, { minLength: 3 }).map((bytes) => treePathFromBytes(Uint8Array.from(bytes)));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1 }), (names) => {
        const path = names.join('/');
        expect(relativeOn('linux', '/r', toNativeOn('linux', '/r', path))).toBe(path);
      }),
    );
  });

  it('on Windows, joins with backslashes', () => {
    expect(toNativeOn('win32', 'C:\\r', 'a/b')).toBe('C:\\r\\a\\b');
    expect(toNativeOn('win32', 'C:\\', 'a')).toBe('C:\\a');
    expect(toNativeOn('win32', 'C:/', 'a')).toBe('C:/a');
  });

  it.each(['a\\b', 'c:', 'a:b', 'a*', 'a?', 'a\nb', 'a.', 'a ', 'NUL', 'con.txt', 'com1', 'caf\udce9'])(
    'on Windows, refuses %j',
    (name) => {
      expect(() => toNativeOn('win32', 'C:\\r', `x/${name}`)).toThrow(RangeError);
      expect(() => toNativeOn('win32', 'C:\\r', `x/${name}`)).toThrow(JSON.stringify(name));
    },
  );

  it.each(['console', 'nulls', 'com10', '.a', 'a b'])('on Windows, takes %j', (name) => {
    expect(toNativeOn('win32', 'C:\\r', name)).toBe(`C:\\r\\${name}`);
  });
});
