import { describe, expect, it } from 'vitest';
import { canonicalText, contentsOf, HELLO, lineText, outcome, valueText } from './support/canonical.js';
import { asMap, cacheEntry } from './support/entries.js';

const good = (path: string): string => lineText(path);
const bad = (path: string): string => lineText(path, { size: '"5"' });
const raw = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Canonical framing and a checksum that matches: whoever wrote this meant it. */
const cases: [what: string, lines: (string | Buffer)[], becomes: string][] = [
  ['no lines', [], '0 live, 0 dropped'],
  ['good lines in order', [good('a'), good('b'), good('é'), good('💩')], '4 live, 0 dropped'],
  ['lines out of order', [good('b'), good('a')], 'shape'],
  ['lines out of order, one of them damaged', [bad('b'), good('a')], 'shape'],
  ['escaped lines out of order', [good('é'), good('z')], 'shape'],
  ['the order of UTF-16 units', [good('💩'), good('\ue000')], 'shape'],
  ['the order of bytes', [good('\ue000'), good('💩'), good('\udcff')], '3 live, 0 dropped'],

  ['a path twice', [good('a'), good('a'), good('b')], '1 live, 2 dropped'],
  ['a path three times', [good('a'), good('a'), good('a')], '0 live, 3 dropped'],
  ['a path twice, one damaged', [bad('a'), good('a'), good('b')], '1 live, 2 dropped'],
  ['a path twice, the other damaged', [good('a'), bad('a'), good('b')], '1 live, 2 dropped'],
  ['a path twice, both damaged', [bad('a'), bad('a'), good('b')], '1 live, 2 dropped'],
  ['a path twice, escaped in two ways', [`"\\u0061":${valueText()}`, good('a')], 'shape'],
  ['a path twice, one escaped and damaged', ['"\\u0061":{}', good('a'), good('b')], '1 live, 2 dropped'],

  ['..', [good('../a'), good('a')], '1 live, 1 dropped'],
  ['an absolute path', [good('/a'), good('a')], '1 live, 1 dropped'],
  ['an empty path', [good(''), good('a')], '1 live, 1 dropped'],
  ['a path with NUL', [good('a\0b'), good('b')], '1 live, 1 dropped'],
  [
    'a path that is no path, anywhere',
    [good('a'), good('../a'), good('b'), good('a//b')],
    '2 live, 2 dropped',
  ],
  ['a lone high surrogate after an escaped byte', [good('\udc80'), good('\ud800')], '1 live, 1 dropped'],
  ['a lone high surrogate before an escaped byte', [good('\ud800'), good('\udc80')], '1 live, 1 dropped'],
  ['__proto__', [good('10'), good('__proto__')], '2 live, 0 dropped'],

  ['a value of another type', ['"a":5', '"b":"x"', '"c":[]', '"d":null', good('e')], '1 live, 4 dropped'],
  [
    'damaged values',
    ['size', 'ino', 'mtime', 'ctime', 'object_hash', 'dimensions']
      .map((key) => lineText(key.slice(0, 1) + key, { [key]: 'true' }))
      .sort(),
    '0 live, 6 dropped',
  ],
  ['no ctime', [`"a":${valueText().replace(/"ctime":[^,]+,/, '')}`], 'shape'],
  ['an unknown key', [lineText('a', { extra: '1' })], 'shape'],
  ['keys in another order', [`"a":${valueText({}).replace(/("size":5),("ino":131)/, '$2,$1')}`], 'shape'],
  ['a key twice', [`"a":${valueText().replace('"size":5', '"size":5,"size":5')}`], '0 live, 1 dropped'],
  ['white space in a line', [`"a": ${valueText()}`], 'shape'],
  ['white space before a line', [` ${good('a')}`], 'shape'],
  ['white space before a damaged line', [` ${bad('a')}`, good('b')], 'shape'],
  ['white space after a line', [`${good('a')} `], 'shape'],
  ['a carriage return', [`${good('a')}\r`], 'shape'],
  ['few decimals', [lineText('a', { mtime: '1.5' })], 'shape'],
  ['no decimals', [lineText('a', { mtime: '1' })], 'shape'],
  ['ten decimals', [lineText('a', { mtime: '1.0000000000' })], '0 live, 1 dropped'],
  ['an exponent', [lineText('a', { mtime: '1e9' })], '0 live, 1 dropped'],
  ['minus zero', [lineText('a', { mtime: '-0.000000000' })], 'shape'],
  ['a negative time', [lineText('a', { mtime: '-1.500000000' })], '1 live, 0 dropped'],
  ['a leading zero', [lineText('a', { size: '05' })], 'not-json'],
  ['an escape where none is needed', [`"\\u0061":${valueText()}`], 'shape'],
  ['an escaped slash', [`"a\\/b":${valueText()}`], 'shape'],
  ['upper-case escapes', [`"\\uDCFF":${valueText()}`], 'shape'],
  ['a raw control character', [`"a\tb":${valueText()}`], 'not-json'],
  ['dimensions in order', [lineText('a', { dimensions: '{"a":"1","b":"2"}' })], '1 live, 0 dropped'],
  ['dimensions out of order', [lineText('a', { dimensions: '{"b":"2","a":"1"}' })], 'shape'],
  ['a dimension twice', [lineText('a', { dimensions: '{"a":"1","a":"2"}' })], '0 live, 1 dropped'],
  ['a dimension that is no string', [lineText('a', { dimensions: '{"a":1}' })], '0 live, 1 dropped'],
  [
    'upper-case digits in an id',
    [lineText('a', { object_hash: `"${HELLO.toUpperCase()}"` })],
    '0 live, 1 dropped',
  ],

  ['an empty line', [''], 'shape'],
  ['an empty line between others', [good('a'), '', good('b')], 'shape'],
  ['a line without a comma', [`${good('a')}\n${good('b')}`], 'shape'],
  ['a comma too many', [`${good('a')},`], 'not-json'],
  ['two entries in a line', [`${good('a')},${good('b')}`], 'shape'],
  ['text that is not JSON', ['a', good('b')], 'not-json'],
  ['an array', ['[1]'], 'not-json'],
  ['the end of entries inside', [`${good('a')}},"x":{"b":1`], 'not-json'],
  ['a key that is not UTF-8', [raw(`"\xff":${valueText()}`)], 'not-json'],
  ['keys that are not UTF-8, and damaged', [raw('"\xfe":{}'), raw('"\xff":{}')], 'not-json'],
  ['a dimension that is not UTF-8', [raw(lineText('a', { dimensions: '{"a":"\xff"}' }))], 'not-json'],
  ['a genuine U+FFFD', [good('\ufffd')], '1 live, 0 dropped'],
  ['deep nesting', [`"a":${'['.repeat(100_000)}${']'.repeat(100_000)}`], 'not-json'],
  ['a number of a million digits', [lineText('a', { size: '9'.repeat(1_000_000) })], '0 live, 1 dropped'],
];

describe('canonical text with a matching checksum', () => {
  it.each(cases)('holds %s', (_, lines, becomes) => {
    expect(outcome(canonicalText(lines))).toBe(becomes);
  });

  it('keeps the numbers exact to the last digit', () => {
    const max = '18446744073709551615';
    const text = canonicalText([
      lineText('a', { size: max, ino: max, mtime: '-9223372036.854775808', ctime: '18446744073.709551615' }),
    ]);
    expect(contentsOf(text).get('a')).toEqual(
      cacheEntry({
        size: 2n ** 64n - 1n,
        ino: 2n ** 64n - 1n,
        mtimeNs: -(2n ** 63n),
        ctimeNs: 2n ** 64n - 1n,
      }),
    );
  });

  it('keeps what looks like its own syntax inside keys and dimensions', () => {
    const tricky = '","dimensions":{}}';
    const names = ['":{"mtime":1', ',"size":', tricky].sort();
    const dimensions = JSON.stringify(Object.fromEntries(names.map((name) => [name, tricky])));
    const contents = contentsOf(canonicalText(names.map((name) => lineText(name, { dimensions }))));
    for (const name of names) {
      expect(contents.get(name)?.dimensions).toEqual(new Map(names.map((key) => [key, tricky])));
    }
    expect([...asMap(contents).keys()]).toEqual(names);
  });
});

describe('the frame', () => {
  const text = canonicalText([good('a')]).toString();

  it.each<[what: string, text: string, becomes: string]>([
    ['as it is', text, '1 live, 0 dropped'],
    ['a byte of the lines changed', text.replace('131', '132'), 'checksum'],
    [
      'a byte of the checksum changed',
      text.replace(/.(?="}$)/, (digit) => (digit === '0' ? '1' : '0')),
      'checksum',
    ],
    ['an upper-case checksum', text.replace(/[0-9a-f]{64}"}$/, (digits) => digits.toUpperCase()), 'checksum'],
    ['a line feed at the end', `${text}\n`, 'checksum'],
    ['white space in front', ` ${text}`, 'checksum'],
    ['a BOM in front', `\ufeff${text}`, 'not-json'],
    ['a short checksum', text.replace(/0?.(?="}$)/, ''), 'checksum'],
    ['a checksum that is first', `{"checksum":"x",${text.slice(1)}`, 'checksum'],
    ['a key after the checksum', text.replace(/}$/, ',"x":1}'), 'checksum'],
    ['version 2', canonicalText([good('a')], '2').toString(), 'version'],
    ['version 99', canonicalText([good('a')], '99').toString(), 'version'],
    ['version 3.0', canonicalText([good('a')], '3.0').toString(), 'version'],
    ['no version', text.replace('"version":3,', ''), 'shape'],
    ['a second version', text.replace('"version":3,', '"version":3,"version":3,'), 'shape'],
  ])('is judged: %s', (_, changed, becomes) => {
    expect(outcome(changed)).toBe(becomes);
  });
});
