import { describe, expect, it } from 'vitest';
import { printable, printableJson } from './printable.js';

describe('printable()', () => {
  it.each([
    ['plain text', 'src/a b.c', 'src/a b.c'],
    ['text beyond ASCII', 'grün/文件/😀', 'grün/文件/😀'],
    ['a backslash', 'a\\x1b', 'a\\x1b'],
    ['an escape sequence', '\x1b[31mred', '\\x1b[31mred'],
    ['a line feed', 'a\nb', 'a\\x0ab'],
    ['a carriage return', 'a\rb', 'a\\x0db'],
    ['a tab', 'a\tb', 'a\\x09b'],
    ['a bell and a backspace', '\x07\x08', '\\x07\\x08'],
    ['NUL', '\0', '\\x00'],
    ['DEL', '\x7f', '\\x7f'],
    ['a C1 control sequence introducer', '\x9b31m', '\\u{9b}31m'],
    ['a right-to-left override', 'exe\u202egpj', 'exe\\u{202e}gpj'],
    ['isolates', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['direction marks', '\u200e\u200f\u061c', '\\u{200e}\\u{200f}\\u{61c}'],
    ['line and paragraph separators', '\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['a byte that is not UTF-8', 'a\udcff', 'a\\xff'],
    ['a lone high surrogate', '\ud800', '\\u{d800}'],
    ['a lone low surrogate that is no byte', '\udc00', '\\u{dc00}'],
    ['a joiner inside an emoji', '👩‍🚀', '👩‍🚀'],
  ])('treats %s', (_case, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('lets no control character and no lone surrogate through', () => {
    const all = Array.from({ length: 0x10000 }, (_, code) => printable(String.fromCharCode(code))).join('');
    expect(all).not.toMatch(/\p{Cc}|\p{Cs}|\p{Bidi_Control}/u);
  });
});

describe('printableJson()', () => {
  it('keeps JSON what it was', () => {
    const value = { '\x7f\x9b\u202e': '\udcff', plain: ['ä😀', '\x1b'] };
    const shown = printableJson(JSON.stringify(value, undefined, 1));
    expect(JSON.parse(shown)).toEqual(value);
    expect(shown).not.toMatch(/(?!\n)\p{Cc}|\p{Bidi_Control}/u);
  });
});
