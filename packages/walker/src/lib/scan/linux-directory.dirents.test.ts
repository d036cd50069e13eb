import { treePathFromBytes } from '@muse/paths';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirentBuffer } from './linux-directory.js';

/** Writes entries as getdents64 does and returns how many bytes they are. */
function fill({ bytes }: DirentBuffer, names: readonly Uint8Array[]): number {
  bytes.fill(0xa5);
  let at = 0;
  for (const name of names) {
    const length = Math.ceil((19 + name.length + 1) / 8) * 8;
    bytes.writeUInt16LE(length, at + 16);
    bytes.set(name, at + 19);
    bytes[at + 19 + name.length] = 0;
    at += length;
  }
  return at;
}

function namesOf(names: readonly Uint8Array[]): string[] {
  const buffer = new DirentBuffer();
  const found: string[] = [];
  buffer.addNames(fill(buffer, names), found);
  return found;
}

describe('DirentBuffer', () => {
  it('gives the names in their order, but not the directory and the one above', () => {
    const names = ['b', '.', '..', '...', '.a', '..a', 'a.', ' ', 'x'.repeat(255)];
    expect(namesOf(names.map((name) => Buffer.from(name)))).toEqual(
      names.filter((name) => name !== '.' && name !== '..'),
    );
  });

  it('adds to what is there, and gives none of no bytes', () => {
    const buffer = new DirentBuffer();
    const names = ['old'];
    buffer.addNames(0, names);
    buffer.addNames(fill(buffer, [Buffer.from('new')]), names);
    expect(names).toEqual(['old', 'new']);
  });

  it('throws for a name that has no end', () => {
    const buffer = new DirentBuffer();
    buffer.bytes.fill(0xa5);
    expect(() => {
      buffer.addNames(24, []);
    }).toThrow(RangeError);
  });

  it('gives names of any bytes without loss', () => {
    const bytes = fc
      .uint8Array({ minLength: 3, maxLength: 255 })
      .map((name) => name.map((byte) => byte || 1));
    fc.assert(
      fc.property(
        fc.array(
          bytes.filter((name) => !name.includes(0x2f)),
          { maxLength: 50 },
        ),
        (names) => {
          expect(namesOf(names)).toEqual(names.map(treePathFromBytes));
        },
      ),
    );
  });
});
