import { describe, expect, it } from 'vitest';
import { StatCache } from '@muse/stat-cache';
import { contentsOf, HELLO, lineText, looseText, outcome, valueText } from './support/canonical.js';
import { asMap, cacheEntry, fileStat, idOf } from './support/entries.js';
import { museRoot } from './support/muse-root.js';

const good = (path: string): string => lineText(path);
const one = (parts: Record<string, string>): string => looseText(lineText('a', parts)).toString();

const documents: [what: string, text: string | Buffer, becomes: string][] = [
  [
    'any white space and order',
    `\n{\t"entries" : { ${good('b')} ,\r\n${good('a')} } , "version" : 3 }\n`,
    '2 live, 0 dropped',
  ],
  [
    'unknown keys at every level',
    `{"x":[1,{"y":null}],"version":3,"entries":{${lineText('a', { z: '{"q":[true,false]}' })}}}`,
    '1 live, 0 dropped',
  ],
  ['no entries', '{"version":3,"entries":{}}', '0 live, 0 dropped'],
  ['nothing', '', 'not-json'],
  ['white space', ' \n', 'not-json'],
  ['NUL', '\0', 'not-json'],
  ['half an object', '{"version":3,"entries":{', 'not-json'],
  ['text after the end', '{"version":3,"entries":{}} x', 'not-json'],
  ['a comma too many', '{"version":3,"entries":{},}', 'not-json'],
  ['a comment', '{"version":3,/**/"entries":{}}', 'not-json'],
  ['single quotes', "{'version':3,'entries':{}}", 'not-json'],
  ['NaN', '{"version":3,"entries":{},"x":NaN}', 'not-json'],
  ['a raw line feed in a string', '{"version":3,"entries":{},"x":"\n"}', 'not-json'],
  ['a broken escape', '{"version":3,"entries":{},"x":"\\x"}', 'not-json'],
  ['a string without end', '{"version":3,"entries":{},"x":"', 'not-json'],
  ['a BOM', '\ufeff{"version":3,"entries":{}}', 'not-json'],
  ['Latin-1', Buffer.from('{"version":3,"entries":{},"x":"\xe9"}', 'latin1'), 'not-json'],
  ['UTF-16', Buffer.from('{"version":3,"entries":{}}', 'utf16le'), 'not-json'],
  [
    'the bytes of a surrogate',
    Buffer.from('{"version":3,"entries":{},"\xed\xa0\x80":1}', 'latin1'),
    'not-json',
  ],
  ['a bomb of arrays', `{"version":3,"entries":{},"x":${'['.repeat(200_000)}`, 'not-json'],
  ['a bomb of objects', '{"a":'.repeat(200_000), 'not-json'],
  ['an array', '[]', 'shape'],
  ['a number', '3', 'shape'],
  ['a string', '"version"', 'shape'],
  ['null', 'null', 'shape'],
  ['no version', '{"entries":{}}', 'shape'],
  ['two versions', '{"version":3,"version":3,"entries":{}}', 'shape'],
  ['version 2', '{"version":2,"entries":{}}', 'version'],
  ['version 99', '{"version":99,"entries":{}}', 'version'],
  ['version 3.0', '{"version":3.0,"entries":{}}', 'version'],
  ['version 3e0', '{"version":3e0,"entries":{}}', 'version'],
  ['version "3"', '{"version":"3","entries":{}}', 'version'],
  ['version null', '{"version":null,"entries":{}}', 'version'],
  ['another version without entries', '{"version":4}', 'version'],
  ['no entries key', '{"version":3}', 'shape'],
  ['entries twice', '{"version":3,"entries":{},"entries":{}}', 'shape'],
  ['entries of another type', '{"version":3,"entries":[]}', 'shape'],
  ['entries null', '{"version":3,"entries":null}', 'shape'],
  ['a checksum', '{"version":3,"entries":{},"checksum":"x"}', 'checksum'],
  ['a checksum of null', '{"version":3,"checksum":null,"entries":{}}', 'checksum'],
  ['an escaped checksum key', '{"version":3,"entries":{},"\\u0063hecksum":"x"}', 'checksum'],
];

const values: [what: string, text: string, becomes: string][] = [
  ['an integer time', one({ mtime: '1700000000' }), '1 live, 0 dropped'],
  ['one decimal', one({ mtime: '1.5' }), '1 live, 0 dropped'],
  ['nine decimals', one({ mtime: '1.123456789' }), '1 live, 0 dropped'],
  ['ten decimals', one({ mtime: '1.1234567890' }), '0 live, 1 dropped'],
  ['a time with an exponent', one({ ctime: '1.7e9' }), '0 live, 1 dropped'],
  ['a time as a string', one({ ctime: '"1"' }), '0 live, 1 dropped'],
  ['a ctime of null', one({ ctime: 'null' }), '0 live, 1 dropped'],
  ['a time of 21 digits', one({ mtime: '1'.repeat(21) }), '0 live, 1 dropped'],
  ['a negative size', one({ size: '-5' }), '0 live, 1 dropped'],
  ['a size of minus zero', one({ size: '-0' }), '0 live, 1 dropped'],
  ['a size with decimals', one({ size: '5.0' }), '0 live, 1 dropped'],
  ['a size with an exponent', one({ size: '5e0' }), '0 live, 1 dropped'],
  ['an inode with decimals', one({ ino: '131.0' }), '0 live, 1 dropped'],
  ['an inode as a string', one({ ino: '"131"' }), '0 live, 1 dropped'],
  ['an id of another kind', one({ object_hash: '"md5:1"' }), '0 live, 1 dropped'],
  ['an id with a line feed', one({ object_hash: `"${HELLO}\\n"` }), '0 live, 1 dropped'],
  ['an escaped id', one({ object_hash: `"\\u0073${HELLO.slice(1)}"` }), '1 live, 0 dropped'],
  ['dimensions of another type', one({ dimensions: '[]' }), '0 live, 1 dropped'],
  ['a dimension of null', one({ dimensions: '{"a":null}' }), '0 live, 1 dropped'],
  ['a dimension twice', one({ dimensions: '{"a":"1","a":"1"}' }), '0 live, 1 dropped'],
  ['dimensions __proto__', one({ dimensions: '{"__proto__":"1"}' }), '1 live, 0 dropped'],
  [
    'a field twice',
    looseText(`"a":${valueText().replace('"ino":131', '"ino":131,"ino":131')}`).toString(),
    '0 live, 1 dropped',
  ],
  [
    'a ctime twice',
    looseText(`"a":${valueText().replace('"ino":131', '"ino":131,"ctime":1')}`).toString(),
    '0 live, 1 dropped',
  ],
  [
    'the keys of an object',
    looseText('"a":{"__proto__":{"size":5},"constructor":1}').toString(),
    '0 live, 1 dropped',
  ],
];

const paths: [what: string, members: string[], becomes: string][] = [
  [
    'paths that are none',
    ['../a', '/a', 'a//b', '', '.', 'a/..', 'a\0', '\ud800'].map(good),
    '0 live, 8 dropped',
  ],
  [
    'names that an object knows',
    ['__proto__', 'constructor', '10', '9', 'toString'].map(good),
    '5 live, 0 dropped',
  ],
  ['a path twice', [good('a'), good('b'), good('a')], '1 live, 2 dropped'],
  ['a path three times', [good('a'), good('a'), good('a')], '0 live, 3 dropped'],
  ['a path twice, damaged first', ['"a":1', good('a')], '0 live, 2 dropped'],
  ['a path twice, damaged last', [good('a'), '"a":1'], '0 live, 2 dropped'],
  ['a path twice, spelt in two ways', [good('a'), `"\\u0061":${valueText()}`], '0 live, 2 dropped'],
  [
    'values of other types',
    ['"a":1', '"b":null', '"c":[]', '"d":"x"', '"e":{}', good('f')],
    '1 live, 5 dropped',
  ],
];

describe('loose text', () => {
  it.each(documents)('is judged: %s', (_, text, becomes) => {
    expect(outcome(text)).toBe(becomes);
  });

  it.each(values)('holds a value with %s', (_, text, becomes) => {
    expect(outcome(text)).toBe(becomes);
  });

  it.each(paths)('holds %s', (_, members, becomes) => {
    expect(outcome(looseText(members.join(',')))).toBe(becomes);
  });

  it('keeps every digit of a number', () => {
    const text = one({ mtime: '1710000000.1', ctime: '-0.000000001', ino: '9007199254740993', size: '0' });
    expect(contentsOf(text).get('a')).toEqual(
      cacheEntry({ mtimeNs: 1_710_000_000_100_000_000n, ctimeNs: -1n, ino: 2n ** 53n + 1n, size: 0n }),
    );
  });

  it('loads an entry without a ctime, and never takes it for a hit', async () => {
    const text = looseText(`"a":${valueText().replace(/"ctime":[^,]+,/, '')},${good('b')}`);
    expect(asMap(contentsOf(text)).get('a')).toEqual({ ...cacheEntry(), ctimeNs: undefined });
    const root = await museRoot({ '.muse/cache/stat.json': text });
    const cache = await StatCache.open({ root });
    expect([cache.size, cache.dropped]).toEqual([2, 0]);
    expect(cache.lookup('a', fileStat())).toBeUndefined();
    expect(cache.lookup('b', fileStat())).toBe(idOf('hello'));
  });

  it('takes dimensions that are not there for none', () => {
    const text = looseText(`"a":${valueText().replace(',"dimensions":{}', '')}`);
    expect(contentsOf(text).get('a')).toEqual(cacheEntry());
  });
});
