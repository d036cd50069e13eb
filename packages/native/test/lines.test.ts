import { lstatSync, type BigIntStats } from 'node:fs';
import { fsencode, makeTree, tempDir, type TreeNode } from '@muse/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeScan, lineOf } from './support/judge.js';
import { found, hasNative, native, scan, scanTree, unpack, wanted } from './support/engine.js';

const files = [
  'a',
  'a-b',
  'b c',
  'd"q',
  'e\\x',
  'f\n',
  '\t',
  'g\x7f',
  'é',
  '\udcff',
  '\udce9x',
  '💩',
  '\u2028',
  'sub/one',
  'sub/two',
  'sub.c',
  'sub0',
];
/** What there is no file for: before, between, behind, below a file, a directory's own name. */
const others = [
  '',
  '!',
  'a.',
  'a/x',
  'b',
  'sub',
  'sub/',
  'sub/none',
  'sub/one/x',
  'subway',
  'zz',
  '\udcfe',
  'é/x',
];

const directory = tempDir();
const root = directory.path;
const stats = new Map<string, BigIntStats>();
beforeAll(async () => {
  await makeTree(new Map<string, TreeNode>(files.map((path) => [path, path])), root);
  for (const path of files) {
    stats.set(path, lstatSync(Buffer.concat([Buffer.from(`${root}/`), fsencode(path)]), { bigint: true }));
  }
});
afterAll(() => directory.remove());

function stat(path: string): BigIntStats {
  return stats.get(path) ?? found(stats.get('a'));
}

function line(path: string, change: Partial<BigIntStats> = {}, form?: Parameters<typeof lineOf>[2]): Buffer {
  const { mtimeNs, ctimeNs, size, ino } = stat(path);
  return lineOf(fsencode(path), { mtimeNs, ctimeNs, size, ino, ...change }, form);
}

/** Scans the root beside these lines, and compares with the judge; returns how a file matched. */
function matchOf(path: string, lines: Buffer): number {
  const at = wanted(root, '', 0, lines.length);
  const [record] = scan(native, root, [at], { lines });
  expect(record?.toString('hex')).toBe(judgeScan(root, at, lines).toString('hex'));
  const { names, matches } = unpack(record);
  return found(matches[names.indexOf(Buffer.from(fsencode(path)).toString('latin1'))]);
}

describe.skipIf(!hasNative)('the lines of scan()', () => {
  it.each([
    ['size', 1],
    ['mtimeNs', 2],
    ['ctimeNs', 3],
    ['ino', 4],
  ] as const)('sees each bit of %s', (field, match) => {
    for (let bit = 0n; bit < 64n; bit++) {
      const value = stat('a')[field] ^ (1n << bit);
      expect(matchOf('a', line('a', { [field]: value }))).toBe(match);
      // Signs and the digits beyond 64 bits as well.
      const wide = stat('a')[field] + (1n << (bit + 3n)) * 1_000_000_000n;
      if (wide < 10n ** 20n) expect(matchOf('a', line('a', { [field]: wide }))).toBe(match);
    }
    if (field.endsWith('Ns')) expect(matchOf('a', line('a', { [field]: -stat('a')[field] }))).toBe(match);
    expect(matchOf('a', line('a'))).toBeGreaterThan(32);
  });

  it('names the first field of size, mtime, ctime and inode', () => {
    const change = { size: 9n, mtimeNs: 1n, ctimeNs: 1n, ino: 1n };
    expect(matchOf('a', line('a', change))).toBe(1);
    expect(matchOf('a', line('a', { ...change, size: stat('a').size }))).toBe(2);
    expect(matchOf('a', line('a', { ctimeNs: 1n, ino: 1n }))).toBe(3);
  });

  it.each<[what: string, from: string | RegExp, to: string]>([
    ['a leading zero', /"size":/, '"size":0'],
    ['a sign', /"ino":/, '"ino":-'],
    ['an exponent', /,"ino"/, 'e0,"ino"'],
    ['a needless fraction', /,"ino"/, '.0,"ino"'],
    ['no digits', /"size":[0-9]+/, '"size":'],
    ['21 digits', /"size":[0-9]+/, `"size":${'1'.repeat(21)}`],
    ['eight decimals', /([0-9])(,"ctime")/, '$2'],
    ['ten decimals', /,"ctime"/, '0,"ctime"'],
    ['no decimals', /\.[0-9]+(,"ctime")/, '$1'],
    ['negative zero', /"mtime":[0-9.]+/, '"mtime":-0.000000000'],
    ['other order', /("mtime":[0-9.]+),("ctime":[0-9.]+)/, '$2,$1'],
    ['white space', /":\{/, '": {'],
    ['upper-case digits', 'abcdef', 'ABCDEF'],
    ['63 digits', 'abcdef', 'abcde'],
    ['65 digits', 'abcdef', 'abcdeff'],
    ['another algorithm', 'sha256:', 'sha512:'],
    ['another key', '"dimensions"', '"dimension"'],
    ['a key more', '{}}', '{},"x":1}'],
    ['dimensions that hold a number', '{}}', '{"a":1}}'],
    ['dimensions that are a list', '{}}', '["a"]}'],
    ['a dangling comma', '{}}', '{"a":"b",}}'],
    ['an open text', '{}}', '{"a":"b}}'],
    ['a text that ends in a backslash', '{}}', '{"a":"\\'],
    ['a raw tab', '{}}', '{"a":"\t"}}'],
    ['an end too soon', /,"ino.*/, ''],
    ['nothing but its key', /:\{.*/, ''],
  ])('takes no line with %s', (_, from, to) => {
    const text = line('a').toString('latin1').replace(from, to);
    expect(text).not.toBe(line('a').toString('latin1'));
    expect(matchOf('a', Buffer.from(text, 'latin1'))).toBe(5);
  });

  it.each([
    ['size', (1n << 64n) - 1n],
    ['size', 99_999_999_999_999_999_999n],
    ['ino', 18_446_744_073_709_551_616n],
  ] as const)('takes a number of 20 digits in %s for another one', (field, value) => {
    const text = line('a')
      .toString('latin1')
      .replace(new RegExp(`"${field}":[0-9]+`), `"${field}":${value}`);
    expect(matchOf('a', Buffer.from(text, 'latin1'))).toBe(field === 'size' ? 1 : 4);
  });

  it.each([
    ['the last line of all, without a comma', { end: '\n' }],
    ['dimensions', { dimensions: '{"":"x","a b":"c","imports":""}' }],
    ['another id', { digits: 'f'.repeat(64) }],
  ])('takes %s', (_, form) => {
    expect(matchOf('a', line('a', {}, form))).toBeGreaterThan(32);
  });

  it('takes a line whose key does not end for that of another path', () => {
    expect(matchOf('a', Buffer.from('"a\n'))).toBe(0);
    expect(matchOf('a', Buffer.concat([Buffer.from('"a\n'), line('a')]))).toBe(0);
  });

  it('takes no line that is not the only one with its path', () => {
    expect(matchOf('a', Buffer.concat([line('a'), line('a')]))).toBe(5);
    expect(matchOf('a', Buffer.concat([line('a'), line('a', { size: 9n }), line('b')]))).toBe(5);
    const escaped = Buffer.from(line('a').toString().replace('"a"', '"\\u0061"'));
    expect(matchOf('a', Buffer.concat([line('a'), escaped]))).toBe(5);
  });

  it('takes a line without dimensions however its key and its end are written', () => {
    const keys: [path: string, key: string][] = [
      ['a', '"\\u0061"'],
      ['a', 'xa"'],
      ['é', '"\\udcc3\\udca9"'],
      ['é', '"\\u00e9"'],
      ['💩', '"\\ud83d\\udca9"'],
      ['\u2028', '"\\u2028"'],
      ['f\n', '"f\\u000a"'],
      ['\t', '"\t"'],
      ['\udcff', '"\\uDCFF"'],
      ['e\\x', '"e\\x"'],
    ];
    for (const [path, key] of keys) {
      const own = line(path);
      const text = Buffer.concat([Buffer.from(key), own.subarray(own.indexOf('":{') + 1)]);
      expect(matchOf(path, text), key).toBeGreaterThan(32);
    }
    const raw = Buffer.concat([Buffer.of(0x22, 0xff), line('\udcff').subarray('"\\udcff'.length)]);
    expect(matchOf('\udcff', raw)).toBeGreaterThan(32);
    for (const end of [',,\n', ', \n', '}\n'])
      expect(matchOf('a', line('a', {}, { end }))).toBeGreaterThan(32);
  });

  it.each([
    ['written otherwise', '"\\u0061"', {}],
    ['without its quote', 'xa"', {}],
    ['with more behind it', '"a"', { end: ',,\n' }],
  ])('takes no line with dimensions, and tells no change, of one %s', (_, key, form) => {
    for (const [change, dimensions] of [
      [{}, '{"a":"b"}'],
      [{ size: 9n }, '{}'],
    ] as const) {
      const text = line('a', change, { ...form, dimensions })
        .toString()
        .replace('"a"', key);
      expect(matchOf('a', Buffer.from(text))).toBe(5);
    }
  });

  it.each(['{"b":"","a":""}', '{"a":"","a":""}', '{"ab":"","a":""}', `{"${'n'.repeat(1001)}":""}`])(
    'takes no line with dimensions such as %s',
    (dimensions) => {
      expect(matchOf('a', line('a', {}, { dimensions }))).toBe(5);
    },
  );

  it('knows no more than a thousand dimensions', () => {
    const names = Array.from({ length: 1001 }, (_, i) => `"${i + 1000}":""`);
    expect(matchOf('a', line('a', {}, { dimensions: `{${names.slice(1).join(',')}}` }))).toBeGreaterThan(32);
    expect(matchOf('a', line('a', {}, { dimensions: `{${names.join(',')}}` }))).toBe(5);
  });

  it('is more careful than TypeScript with dimensions of other scripts, and with a line feed in a key', () => {
    const matchesOf = (lines: Buffer) => {
      const at = wanted(root, '', 0, lines.length);
      return [found(scan(native, root, [at], { lines })[0]), judgeScan(root, at, lines)].map(
        (record) => unpack(record).matches,
      );
    };
    const file = (path: string) =>
      unpack(scan(native, root, [wanted(root, '')])[0]).names.indexOf(
        Buffer.from(fsencode(path)).toString('latin1'),
      );
    const feed = Buffer.from(line('f\n').toString().replace('"f\\n"', '"f\n"'));
    for (const [path, lines] of [
      ['a', line('a', {}, { dimensions: '{"é":""}' })],
      ['a', line('a', {}, { dimensions: '{"a":"\\n"}' })],
      ['f\n', feed],
    ] as const) {
      const [own, judged] = matchesOf(lines);
      expect(own?.[file(path)]).toBe(5);
      expect(judged?.[file(path)]).toBeGreaterThan(32);
      expect(own?.map((match, i) => (match === 5 ? judged?.[i] : match))).toEqual(judged);
    }
  });

  const anyLine = fc
    .record({
      path: fc.constantFrom(...files, ...files, ...others),
      field: fc.constantFrom('', '', '', 'size', 'mtimeNs', 'ctimeNs', 'ino'),
      bit: fc.bigInt(0n, 63n),
      dimensions: fc.constantFrom('{}', '{}', '{"a":"b"}', '{"a":"b","c":"d"}', '{"a"}', '[]'),
      end: fc.constantFrom(',\n', ',\n', '\n', '},\n'),
      cut: fc.option(fc.nat(300), { freq: 8 }),
      damage: fc.array(fc.tuple(fc.nat(250), fc.nat(255)), { maxLength: 2 }),
    })
    .map(({ path, field, bit, dimensions, end, cut, damage }) => {
      const change = field === '' ? {} : { [field]: stat(path)[field as 'size'] ^ (1n << bit) };
      const text = line(path, change, { dimensions, end });
      // Damage that is no line feed, so that it stays one line.
      for (const [at, byte] of damage) if (at < text.length - 1 && byte !== 10) text[at] = byte;
      const whole =
        cut === null
          ? text
          : Buffer.concat([text.subarray(0, Math.min(cut, text.length - 1)), Buffer.from('\n')]);
      return { path: Buffer.from(fsencode(path)), text: whole };
    });

  const expectSame = (text: Buffer) => {
    // The lines are never the last of the text.
    const lines = Buffer.concat([text, Buffer.from('},"checksum":""}')]);
    const visit: Parameters<typeof scanTree>[3] = (at, record) => {
      expect(record.toString('hex')).toBe(judgeScan(root, at, lines).toString('hex'));
    };
    scanTree(native, root, lines, visit, { from: 0, to: text.length });
  };

  it('answers as the engine in TypeScript beside lines in path order', () => {
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 24 }), (texts) => {
        const sorted = texts.sort((a, b) => Buffer.compare(a.path, b.path));
        expectSame(Buffer.concat(sorted.map(({ text }) => text)));
      }),
      { numRuns: 1500 },
    );
  });

  it('answers as the engine in TypeScript however the lines are damaged, in any order', () => {
    const garbage = fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ text: Buffer.of(...bytes, 0x0a) }));
    fc.assert(
      fc.property(fc.array(fc.oneof(anyLine, garbage), { maxLength: 24 }), (texts) => {
        expectSame(Buffer.concat(texts.map(({ text }) => text)));
      }),
      { numRuns: 1500 },
    );
  });
});
