import { HELLO, lineText, valueText } from './canonical.js';

const good = (path: string): string => lineText(path);
const bad = (path: string): string => lineText(path, { size: '"5"' });
const raw = (text: string): Buffer => Buffer.from(text, 'latin1');

type CanonicalCase = [what: string, lines: readonly (string | Buffer)[], becomes: string];

/** Canonical framing and a checksum that matches: whoever wrote this meant it. */
export const canonicalCases: readonly CanonicalCase[] = [
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
  ['paths that are none', [good('../a'), good('a'), good('a//b'), good('b')], '2 live, 2 dropped'],
  ['paths that are none, out of order', [good('a'), good('../a')], 'shape'],
  ['a path that is none, twice', [good('../a'), good('../a'), good('a')], '1 live, 2 dropped'],
  [
    'the bytes of a path once more, escaped though they are UTF-8',
    [good('é'), good('\udcc3\udca9')],
    'shape',
  ],
  ['a lone high surrogate after an escaped byte', [good('\udc80'), good('\ud800')], 'shape'],
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
  ['a broken escape in a key', ['"\\x":{}', good('a')], 'not-json'],
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
