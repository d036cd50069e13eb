import { createHash } from 'node:crypto';
import { treePathFromBytes } from '@muse/paths';
import { hostileNames } from '@muse/testkit';
import fc from 'fast-check';
import { canonicalText, HEADER, rechecked, withoutChecksum, type NaiveEntry } from './canonical-writer.js';

// Texts are handled in Latin-1, where a character is a byte.

const NAMES = [
  ...['a', 'b', 'c.ts', 'é', '💩', '\ue000', '\udcff', '\udc80', 'z\udce9', '__proto__', 'constructor', '10'],
  ...['"', '\\', '\n', '\u007f', '\u2028', 'entries', 'checksum', 'version', '{', '},', '":{"mtime":', ' '],
  ...hostileNames.map((name) => treePathFromBytes(name)),
];
const COUNTS = [0n, 1n, 131n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n, 10n ** 20n - 1n];
const TIMES = [
  ...[0n, 1n, -1n, -500_000_000n, -1_000_000_000n, 999_999_999n, 1_700_000_000_123_456_789n],
  ...[2n ** 63n, -(2n ** 63n), 10n ** 29n - 1n, 1n - 10n ** 29n],
];
const VALUES = ['', 'a', '"', '\\', '\0', '\ud800', 'é💩', '"dimensions":{}}', '","dimensions":{}}', 'a\nb'];

const entry: fc.Arbitrary<NaiveEntry> = fc.record({
  size: fc.constantFrom(...COUNTS),
  mtimeNs: fc.constantFrom(...TIMES),
  ctimeNs: fc.constantFrom(...TIMES),
  ino: fc.constantFrom(...COUNTS),
  objectId: fc.nat(4).map((n) => `sha256:${createHash('sha256').update(String(n)).digest('hex')}`),
  dimensions: fc
    .array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES)), { maxLength: 2 })
    .map((pairs) => new Map(pairs)),
});
const path = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((names) => names.join('/'));
const entries = fc
  .array(fc.tuple(path, entry), { maxLength: 5 })
  .map((pairs): ReadonlyMap<string, NaiveEntry> => new Map(pairs));

const canonical = entries.map(canonicalText);

/** Text as a person or another program may write it: spaces, further keys, escapes, keys in another order, no checksum. */
const loose = fc
  .record({
    entries,
    space: fc.constantFrom('', ' ', '\n', '\t', '\r\n', '  '),
    extra: fc.constantFrom('', '"x":null,', '"Size":[[[["deep"]]]],', '"__proto__":{"size":1,"size":2},'),
    escapes: fc.boolean(),
    backwards: fc.boolean(),
    decimals: fc.nat(9),
  })
  .map(({ entries, space, extra, escapes, backwards, decimals }) => {
    const string = (text: string) =>
      escapes
        ? `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
        : JSON.stringify(text);
    const object = (members: readonly (readonly [string, string])[]) => {
      const texts = members.map(([key, value]) => `${space}${string(key)}${space}:${space}${value}${space}`);
      return `${space}{${space}${texts.length > 0 ? extra : ''}${texts.join(',')}}`;
    };
    const seconds = (ns: bigint) => {
      const distance = ns < 0n ? -ns : ns;
      const digits = String(distance % 10n ** 9n).padStart(9, '0');
      const kept = digits.slice(0, Math.max(digits.replace(/0+$/, '').length, decimals));
      return `${ns < 0n ? '-' : ''}${distance / 10n ** 9n}${kept && `.${kept}`}`;
    };
    const members = Array.from(
      entries,
      ([path, { mtimeNs, ctimeNs = 0n, size, ino, objectId, dimensions }]) => {
        const fields: [string, string][] = [
          ['mtime', seconds(mtimeNs)],
          ['ctime', seconds(ctimeNs)],
          ['size', String(size)],
          ['ino', String(ino)],
          ['object_hash', string(objectId)],
          ['dimensions', object(Array.from(dimensions, ([name, text]) => [name, string(text)] as const))],
        ];
        return [path, object(backwards ? fields.reverse() : fields)] as const;
      },
    );
    return Buffer.from(object([['version', '3'] as const, ['entries', object(members)] as const]));
  });

/** What may stand where something else stood: parts of JSON, numbers and insides of strings, whole and broken. */
const PIECES = [
  ...[
    '',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\n',
    ' ',
    '\r',
    '\0',
    '\\',
    '\xff',
    '\xed\xa0\x80',
    '\xef\xbb\xbf',
  ],
  ...[
    'null',
    'true',
    '{}',
    '[]',
    '""',
    '"a"',
    '3',
    '03',
    '3.0',
    '3e0',
    '4',
    '"3"',
    '-',
    '.',
    'e5',
    '/',
    '.5',
  ],
  ...['"version"', '"entries"', '"checksum"', '"mtime"', '"ctime"', '"size"', '"dimensions"', '"__proto__"'],
  ...['"\\u0061"', '"\\/"', '"\\x"', '"\\u12"', '"a":', ',\n', '\n},', '"dimensions":{}}', '{"":', '"a":1,'],
  ...['0', '-0', '00', '1', '-1', '+1', '1.', '0.0', '-0.000000000', '-0.5', '1E+9', '0.123456789', '1.1'],
  ...['0.1234567890', '9007199254740993', '99999999999999999999', '100000000000000000000', '1'.repeat(400)],
  ...['NaN', 'Infinity', '0x10', '1_0', '\xd9\xa3', '['.repeat(100), '{"a":'.repeat(100)],
];
const INSIDES = [
  ...['', '/', '.', '..', 'a/', '/a', 'a//b', 'a/../b', './a', '\\u0000', '\\ud800', '\\udc00', '\\udc7f'],
  ...['\\udc80', '\\udcff', '\\udd00', '\\udcc3\\udca9', '\\ud83d\\udca9', '\\u002e\\u002e', '\\u002f'],
  ...['\xc3\xa9', '\xff', '\xf0\x9f\x92\xa9', '\xc3\\udca9', '\x7f', '\x01', 'a'.repeat(300)],
];

/** Bytes that mean something somewhere. */
const BYTES = Array.from('\0\t\n !"\\,:/.09azAZ{}[]\x7f\x80\xbf\xc0\xe2\xff');

const STRING = /"(?:[^"\\]|\\.)*"/g;
const NUMBER = /(?<=":\s*)-?\d+(?:\.\d+)?/g;
const MEMBER = /"(?:[^"\\]|\\.)*":\s*(?:"(?:[^"\\]|\\.)*"|-?[\d.]+|\{\})/g;
const ANY = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+|\s+/g;
const LINE = /.*\n/g;

type Edit = (text: string) => string;

/** Changes one of the places where a pattern matches; `others` are all of them. */
function edit<T>(
  pattern: RegExp,
  replacement: fc.Arbitrary<T>,
  change: (found: string, with_: T, others: readonly string[]) => string,
): fc.Arbitrary<Edit> {
  return fc.tuple(fc.nat(), replacement).map(([place, value]) => (text: string) => {
    const matches = [...text.matchAll(pattern)];
    const match = matches[place % matches.length];
    if (!match) return text;
    const all = matches.map(([found]) => found);
    const end = match.index + match[0].length;
    return text.slice(0, match.index) + change(match[0], value, all) + text.slice(end);
  });
}

/** Changes one byte. */
function byteEdit(change: fc.Arbitrary<(byte: number) => number>): fc.Arbitrary<Edit> {
  return fc.tuple(fc.nat(), change).map(([place, to]) => (text: string) => {
    const at = place % Math.max(1, text.length);
    return text.slice(0, at) + String.fromCharCode(to(text.charCodeAt(at)) & 0xff) + text.slice(at + 1);
  });
}

const pickFrom = (others: readonly string[], n: number) => others[n % others.length] ?? '';

const edits = fc.array(
  fc.oneof(
    edit(ANY, fc.constantFrom(...PIECES), (_, piece) => piece),
    edit(ANY, fc.constantFrom(...PIECES), (found, piece) => found + piece),
    edit(ANY, fc.constant(0), (found) => found + found),
    edit(NUMBER, fc.constantFrom(...PIECES), (_, piece) => piece),
    edit(NUMBER, fc.constant(0), (found) => (found.startsWith('-') ? found.slice(1) : `-${found}`)),
    edit(STRING, fc.constantFrom(...INSIDES), (_, inside) => `"${inside}"`),
    edit(STRING, fc.constantFrom(...INSIDES), (found, inside) => `${found.slice(0, -1)}${inside}"`),
    edit(STRING, fc.nat(), (_, n, others) => pickFrom(others, n)),
    edit(MEMBER, fc.nat(), (found, n, others) => `${found},${pickFrom(others, n)}`),
    edit(LINE, fc.nat(), (found, n, others) => found + pickFrom(others, n)),
    edit(LINE, fc.nat(), (_, n, others) => pickFrom(others, n)),
    edit(LINE, fc.constant(0), () => ''),
    byteEdit(fc.nat(7).map((bit) => (byte: number) => byte ^ (1 << bit))),
    byteEdit(fc.constantFrom(...BYTES).map((byte) => () => byte.charCodeAt(0))),
    fc.nat().map(
      (length): Edit =>
        (text) =>
          text.slice(0, length % (text.length + 1)),
    ),
  ),
  { maxLength: 3 },
);

/**
 * Cache files: most of them canonical, others loose, with some edits in them. After an edit most get a checksum that
 * matches, or none at all, else every edit would end at the checksum.
 */
export const texts = fc
  .record({
    bytes: fc.oneof({ weight: 2, arbitrary: canonical }, { weight: 1, arbitrary: loose }),
    edits,
    checksum: fc.constantFrom('right', 'right', 'none', 'as it was'),
  })
  .map(({ bytes, edits, checksum }) => {
    const text = edits.reduce((text, change) => change(text), bytes.toString('latin1'));
    const changed = Buffer.from(text, 'latin1');
    if (edits.length === 0 || checksum === 'as it was') return changed;
    if (checksum === 'none') return withoutChecksum(changed);
    return text.startsWith(HEADER) ? rechecked(changed) : changed;
  });
