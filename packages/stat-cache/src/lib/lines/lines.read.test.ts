import { isTreePath } from '@muse/paths';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineText } from '../../../test/support/canonical.js';
import { decodeEntry, skipMembers, stringText } from './json.js';
import { lineText as writtenLine, PlainLine, scanPlainLine } from './lines.js';

/** The slow way: does this text, parsed and written again, come out the same, with a key of plain ASCII? */
function isPlain(text: string): boolean {
  try {
    const bytes = Buffer.from(text);
    const members: [path: string, value: number][] = [];
    const end = skipMembers(bytes, 0, 1, (key, keyEnd, value) => {
      members.push([stringText(bytes, key, keyEnd), value]);
    });
    const [path, value] = members[0] ?? ['', 0];
    const entry = decodeEntry(bytes, value);
    if (end !== bytes.length) return false;
    if (entry?.ctimeNs === undefined || !isTreePath(path) || entry.dimensions.size > 0) return false;
    const written = writtenLine(path, entry, entry.ctimeNs);
    return written === text && written.startsWith(`"${path}"`) && /^[ -\u007f]+$/.test(path);
  } catch {
    return false;
  }
}

function keyEnd(text: string): number {
  const before = Buffer.from('x,\n');
  const bytes = Buffer.concat([before, Buffer.from(text), Buffer.from(',\n"z":{}')]);
  const line = new PlainLine();
  const end = scanPlainLine(bytes, before.length, line);
  return end === before.length + Buffer.byteLength(text) ? line.keyEnd - before.length : -1;
}

describe('scanPlainLine', () => {
  it('finds the end of the key', () => {
    expect(keyEnd(lineText('a'))).toBe(2);
    expect(keyEnd(lineText('src/a b.c'))).toBe(10);
  });

  it('agrees with the slow way about every part', () => {
    const path = fc
      .array(fc.constantFrom('a', 'Z', '9', '.', '..', '/', ' ', '~', '"', '\\', '\n', '\u007f', 'é'))
      .map((all) => all.join(''));
    const number = fc.oneof(
      fc
        .array(fc.constantFrom('0', '1', '9', '-', '.', '.000000000', '.123456789', 'e', ' '), {
          maxLength: 4,
        })
        .map((all) => all.join('')),
      fc.nat().map(String),
      fc.constantFrom(
        '9'.repeat(20),
        '9'.repeat(21),
        '0.000000000',
        '-0.000000000',
        '-0.000000001',
        '-10.000000000',
      ),
    );
    const good = { path: 'a/b', mtime: '1.000000000', ctime: '2.000000000', size: '3', ino: '4' };
    const change = fc.oneof(
      ...(['mtime', 'ctime', 'size', 'ino'] as const).map((key) => number.map((text) => ({ [key]: text }))),
      fc
        .string({ unit: fc.constantFrom('0', '9', 'a', 'f', 'g', 'A'), minLength: 63, maxLength: 65 })
        .map((digits) => ({ object_hash: `"sha256:${digits}"` })),
      fc.constantFrom({ dimensions: '{"a":"b"}' }, { extra: '1' }),
      path.map((text) => ({ path: text })),
    );
    fc.assert(
      fc.property(change, (changed) => {
        const { path: name, ...parts } = { ...good, ...changed };
        const text = lineText(name, parts);
        expect([text, keyEnd(text) >= 0]).toEqual([text, isPlain(text)]);
      }),
      { numRuns: 3000 },
    );
  });

  it('sees a difference in any byte', () => {
    const text = lineText('src/a.c');
    for (let at = 0; at < text.length; at++) {
      for (const other of ['x', ' ', '"', '\\', '\0', '/', '.', '0', ',']) {
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        expect([changed, keyEnd(changed) >= 0]).toEqual([changed, isPlain(changed)]);
      }
      const cut = text.slice(0, at);
      expect(keyEnd(cut)).toBe(-1);
    }
  });
});
