import { blobId } from '../hash-file.js';
import type { FileCacheEntry } from '../types.js';

/** Entries that have something a careless storage or codec loses. */

/** 2023-11-14, a stamp that lies long before any boundary. */
const LONG_AGO = 1_700_000_000_123_456_789n;

/** Returns an entry; two of them differ in all but what is given. */
export function specimen(
  number: number,
  given: Partial<FileCacheEntry> = {},
): FileCacheEntry & { readonly ctimeNs: bigint } {
  const n = BigInt(number);
  return {
    size: 1000n + n,
    mtimeNs: LONG_AGO + n,
    ino: 131n + n,
    objectId: blobId(Buffer.from(String(number))),
    dimensions: new Map<string, string>(),
    ...given,
    ctimeNs: given.ctimeNs ?? LONG_AGO - n,
  };
}

/** Numbers that no double can hold, and those at the ends of what a file system gives. */
export const EXACT: ReadonlyMap<string, FileCacheEntry> = new Map([
  ['nanoseconds', specimen(1, { mtimeNs: LONG_AGO + 1n, ctimeNs: LONG_AGO + 2n })],
  ['the epoch', specimen(2, { mtimeNs: 0n, ctimeNs: 0n })],
  ['before the epoch', specimen(3, { mtimeNs: -1n, ctimeNs: -1_500_000_001n })],
  ['long before the epoch', specimen(4, { mtimeNs: -(2n ** 63n), ctimeNs: -(2n ** 62n) - 1n })],
  [
    'the year 2446',
    specimen(5, { mtimeNs: 15_032_385_535_999_999_999n, ctimeNs: 15_032_385_535_000_000_001n }),
  ],
  [
    'times beyond 64 bits of nanoseconds',
    specimen(10, { mtimeNs: 9_223_372_037_000_000_001n, ctimeNs: -9_223_372_037_123_456_789n }),
  ],
  [
    'the ends of 64 bits of seconds',
    specimen(11, { mtimeNs: 2n ** 63n * 1_000_000_000n - 1n, ctimeNs: -(2n ** 63n) * 1_000_000_000n }),
  ],
  ['an inode above 2^53', specimen(6, { ino: 2n ** 53n + 1n })],
  ['the largest inode', specimen(7, { ino: 2n ** 64n - 1n })],
  ['an empty file', specimen(8, { size: 0n })],
  ['a huge file', specimen(9, { size: 2n ** 63n - 1n })],
]);

/** Tree paths that are keys of plain objects, need escapes, or sort in more than one way. */
export const HOSTILE_PATHS: readonly string[] = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__proto__/__proto__', '0', '9', '10', '010'],
  ...[
    'a',
    'A',
    'a/b',
    'a-b',
    'a.b',
    'a b',
    'ab',
    ' ',
    '...',
    '-',
    "'",
    '"',
    '`',
    "it's",
    '""',
    '%',
    '_',
    '*',
  ],
  ...['?', '\\', 'a\\b', '\\"', '\n', '\r\n', '\t', '\u0001', '\u001f', '\u007f', '\u0085', '\u2028'],
  ...['\ufeff', '\\u0041'],
  ...['","dimensions":{}}', '":{"mtime":1', "'; DROP TABLE entries; --", '${x}', '<a>', '&amp;'],
  // NFC and NFD, upper and lower case, and the orders of bytes, UTF-16 units and code points.
  ...[
    'é',
    'e\u0301',
    'É',
    'ß',
    'ss',
    'ı',
    'i',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\ufffd',
    '💩',
    '💩/💩',
    '\u{10ffff}',
  ],
  // Bytes that are not UTF-8, as lone surrogates (PEP 383).
  ...['\udc80', '\udcff', 'caf\udce9', 'a\udcff/\udcfeb', '💩\udc80', '\udcc3', '\udcc3/\udca9'],
  ...['x'.repeat(255), `${'é'.repeat(120)}/${'\udc80'.repeat(255)}`, Array<string>(200).fill('d').join('/')],
];

/** The hostile paths, each with an entry of its own. */
export const HOSTILE: ReadonlyMap<string, FileCacheEntry> = new Map(
  HOSTILE_PATHS.map((path, number) => [path, specimen(number)]),
);

/** Dimensions under names and with values of every kind. */
export const DIMENSIONED: ReadonlyMap<string, FileCacheEntry> = new Map([
  ['none', specimen(1)],
  ['one', specimen(2, { dimensions: new Map([['symbols', 'f g h']]) })],
  ['empty', specimen(3, { dimensions: new Map([['', '']]) })],
  ['keys', specimen(4, { dimensions: new Map(HOSTILE_PATHS.map((name) => [name, 'x'])) })],
  ['values', specimen(5, { dimensions: new Map(HOSTILE_PATHS.map((text, at) => [String(at), text])) })],
  [
    'order',
    specimen(6, {
      dimensions: new Map([
        ['b', '1'],
        ['a', '2'],
        ['10', '3'],
        ['9', '4'],
      ]),
    }),
  ],
  ['NUL', specimen(7, { dimensions: new Map([['\0', '\0']]) })],
  ['long', specimen(8, { dimensions: new Map([['text', 'é\n'.repeat(20_000)]]) })],
]);

/** Returns many entries, in directories of 100. */
export function many(count: number): Map<string, FileCacheEntry> {
  const entries = new Map<string, FileCacheEntry>();
  for (let n = 0; n < count; n++) entries.set(`d${n % 100}/file ${n}.c`, specimen(n));
  return entries;
}
