import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { skipMembers, skipSpace, skipValue, stringText } from './json.js';

/** Returns true if a text is one JSON value, with white space around it. */
function accepts(text: string): boolean {
  const bytes = Buffer.from(text);
  return skipSpace(bytes, skipValue(bytes, skipSpace(bytes, 0))) === bytes.length;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('skipValue', () => {
  it('accepts what JSON.parse accepts', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(undefined, 1, '\t'), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), undefined, indent);
        expect([text, accepts(text)]).toEqual([text, true]);
      }),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    const piece = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '\\',
        '\\u00',
        '\\u00e9',
        'a',
        '0',
        '1',
        '-',
        '+',
        '.',
        'e',
        'E',
      ],
      ...[' ', '\n', '\t', '\r', '\v', '\u00a0', '\u2028', '\ufeff', '\0', 'true', 'false', 'null', 'NaN'],
      ...['"a":', '\\"', '\\/', '\\x', '\u001f', '\u007f', 'é', '💩'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        for (const text of [pieces.join(''), `"${pieces.join('')}"`, `[${pieces.join('')}]`])
          expect([text, accepts(text)]).toEqual([text, isJson(text)]);
      }),
      { numRuns: 5000 },
    );
  });

  it('refuses to go deeper than 64 levels, and needs no stack for it', () => {
    const nested = (levels: number): string => '[{"a":'.repeat(levels / 2) + '0' + '}]'.repeat(levels / 2);
    expect([accepts(nested(64)), accepts(nested(66))]).toEqual([true, false]);
    expect(accepts('['.repeat(5_000_000))).toBe(false);
  });
});

describe('skipMembers', () => {
  it('shows each member, repeated ones and their order too', () => {
    const bytes = Buffer.from(' "a":1, "\\u0062" : [2],"a":{"c":3} ,"__proto__":"4"\n}');
    const members: [string, string][] = [];
    const end = skipMembers(bytes, 0, 1, (key, keyEnd, value, valueEnd) => {
      members.push([stringText(bytes, key, keyEnd), bytes.toString('utf8', value, valueEnd)]);
    });
    expect(members).toEqual([
      ['a', '1'],
      ['b', '[2]'],
      ['a', '{"c":3}'],
      ['__proto__', '"4"'],
    ]);
    expect(bytes.toString('utf8', end)).toBe('}');
  });
});
