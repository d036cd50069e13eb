import { describe, expect, it } from 'vitest';
import { printable } from './printable.js';
import { terminalLines } from './answer.js';

function shown(...chunks: (string | number[])[]): string {
  const bytes = chunks.map((chunk) => Buffer.from(chunk as string));
  return Buffer.concat([...terminalLines(bytes, printable)]).toString('utf8');
}

describe('terminalLines()', () => {
  it('escapes within lines and keeps the line feeds', () => {
    expect(shown('a\x1b\nb\n')).toBe('a\\x1b\nb\n');
  });

  it('keeps characters whole that two chunks share', () => {
    expect(shown([0x61, 0xe2, 0x82], [0xac, 0x0a], 'b')).toBe('a€\nb');
  });

  it('shows bytes that are not UTF-8', () => {
    expect(shown([0x61, 0xff, 0x0a])).toBe('a\\xff\n');
  });

  it('invents nothing at the end', () => {
    expect(shown('a')).toBe('a');
    expect(shown()).toBe('');
    expect(shown('\n\n')).toBe('\n\n');
  });
});
