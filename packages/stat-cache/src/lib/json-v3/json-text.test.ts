import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonNumber, JsonObject, parseJsonText, type JsonValue } from './json-text.js';

/** The value that JSON.parse would have given. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof JsonObject)) return value;
  return Object.fromEntries(value.members.map(([key, member]) => [key, plain(member)]));
}

describe('parseJsonText', () => {
  it('accepts what JSON.parse accepts, and gives the same value', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(undefined, 1, '\t'), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), undefined, indent);
        expect(plain(parseJsonText(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    const piece = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u00', 'a', '0', '1', '-', '+', '.', 'e', 'E'],
      ...[
        ' ',
        '\n',
        '\t',
        '\r',
        '\v',
        '\u00a0',
        '\u2028',
        '\ufeff',
        '\0',
        'true',
        'false',
        'null',
        'NaN',
        '"a":',
      ],
    );
    const accepts = (parse: (text: string) => unknown, text: string): boolean => {
      try {
        parse(text);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
        return false;
      }
    };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        expect([text, accepts(parseJsonText, text)]).toEqual([text, accepts(JSON.parse, text)]);
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps numbers as they are written', () => {
    for (const text of ['0', '-0', '1.10', '9007199254740993', '1e400', '-0.0E+5', '1'.repeat(5000)]) {
      expect(parseJsonText(` ${text} `)).toEqual(new JsonNumber(text));
    }
  });

  it('keeps repeated keys and their order', () => {
    const object = parseJsonText('{"a":1,"b":2,"a":3,"__proto__":4,"10":5}') as JsonObject;
    expect(object.members.map(([key]) => key)).toEqual(['a', 'b', 'a', '__proto__', '10']);
    expect(object.count('a')).toBe(2);
    expect(object.get('a')).toBeUndefined();
    expect(object.get('b')).toEqual(new JsonNumber('2'));
    expect(object.get('__proto__')).toEqual(new JsonNumber('4'));
    expect(object.get('constructor')).toBeUndefined();
    expect((parseJsonText('{"a":null,"a":null}') as JsonObject).get('a')).toBeUndefined();
  });

  it('refuses to go deeper than 64 levels, and needs no stack for it', () => {
    const nested = (levels: number): string => '[{"a":'.repeat(levels / 2) + '0' + '}]'.repeat(levels / 2);
    expect(() => parseJsonText(nested(64))).not.toThrow();
    expect(() => parseJsonText(nested(66))).toThrow('Cannot parse JSON: nesting deeper than 64 at character');
    expect(() => parseJsonText('['.repeat(5_000_000))).toThrow(SyntaxError);
  });

  it('says where the text stops being JSON', () => {
    expect(() => parseJsonText('{"a" 1}')).toThrow(
      'Cannot parse JSON: no ":" where one should be at character 5',
    );
    expect(() => parseJsonText('[1] 2')).toThrow('Cannot parse JSON: text after the end at character 4');
  });
});
