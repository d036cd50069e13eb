import { lstatSync, type BigIntStats } from 'node:fs';
import { fsencode, makeTree, tempDir, type TreeNode } from '@muse/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeLine, judgeScan, lineOf, splitLines } from './support/judge.js';
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
    ['two commas', ',\n', ',,\n'],
    ['a space at its end', ',\n', ', \n'],
    ['an end too soon', /,"ino.*/, ''],
    ['nothing but its key', /:\{.*/, ''],
    ['no end of its key', /":\{.*/, ''],
    ['an escaped key', '"a"', '"\\u0061"'],
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
    ['one that ends with the text', { end: '' }],
    ['dimensions', { dimensions: '{"imports":"","a\\"b":"\\ud83d\\\\"}' }],
    ['another id', { digits: 'f'.repeat(64) }],
  ])('takes %s', (_, form) => {
    expect(matchOf('a', line('a', {}, form))).toBeGreaterThan(32);
  });

  it('takes no line that is not the only one with its path', () => {
    expect(matchOf('a', Buffer.concat([line('a'), line('a')]))).toBe(5);
    expect(matchOf('a', Buffer.concat([line('a'), line('a', { size: 9n }), line('b')]))).toBe(5);
    const escaped = Buffer.from(line('a').toString().replace('"a"', '"\\u0061"'));
    expect(matchOf('a', Buffer.concat([line('a'), escaped]))).toBe(5);
  });

  it('takes no line of a path that is written otherwise, for any file', () => {
    const unlike: [string, string][] = [
      ['é', '"\\udcc3\\udca9"'],
      ['é', '"\\u00e9"'],
      ['f\n', '"f\\u000a"'],
      ['f\n', '"f\n"'],
      ['\t', '"\t"'],
      ['\t', '"\\u0009"'],
      ['\udcff', '"\\uDCFF"'],
      ['g\x7f', '"g\\u007f"'],
      ['e\\x', '"e\\x"'],
      ['a-b', '"a-\\/b"'],
    ];
    for (const [path, key] of unlike) {
      const text = line(path)
        .toString('latin1')
        .replace(/^.*":\{/s, `${key}:{`);
      expect(matchOf(path, Buffer.from(text, 'latin1'))).toBeLessThan(32);
    }
    const raw = Buffer.concat([Buffer.of(0x22, 0xff), line('\udcff').subarray('"\\udcff'.length)]);
    expect(matchOf('\udcff', raw)).toBe(5);
  });

  const anyLine = fc
    .record({
      path: fc.constantFrom(...files, ...files, ...others),
      field: fc.constantFrom('', '', '', 'size', 'mtimeNs', 'ctimeNs', 'ino'),
      bit: fc.bigInt(0n, 63n),
      dimensions: fc.constantFrom('{}', '{}', '{"a":"b"}', '{"a":"b","c":"\\n"}', '{"a"}', '[]'),
      end: fc.constantFrom(',\n', ',\n', '\n', '},\n'),
      cut: fc.option(fc.nat(300), { freq: 8 }),
      damage: fc.array(fc.tuple(fc.nat(250), fc.nat(255)), { maxLength: 2 }),
    })
    .map(({ path, field, bit, dimensions, end, cut, damage }) => {
      const change = field === '' ? {} : { [field]: stat(path)[field as 'size'] ^ (1n << bit) };
      const text = line(path, change, { dimensions, end });
      // Damage that is no line feed, so that it stays one line.
      for (const [at, byte] of damage) if (at < text.length - 1 && byte !== 10) text[at] = byte;
      return cut === null
        ? text
        : Buffer.concat([text.subarray(0, Math.min(cut, text.length - 1)), Buffer.from('\n')]);
    });

  it('answers as the judge beside any lines in path order', () => {
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 24 }), (texts) => {
        const key = (text: Buffer) => splitLines(text, 0, text.length)[0]?.key;
        const sorted = texts
          .map((text) => ({ text, key: key(text) }))
          .sort((a, b) =>
            !a.key || !b.key
              ? Number(a.key !== undefined) - Number(b.key !== undefined)
              : Buffer.compare(a.key, b.key),
          );
        const lines = Buffer.concat(sorted.map(({ text }) => text));
        scanTree(native, root, lines, (at, record) => {
          expect(record.toString('hex')).toBe(judgeScan(root, at, lines).toString('hex'));
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('makes no hit of a line that is not the file’s, however the text is damaged', () => {
    const bare = new Map<string, readonly string[]>();
    scanTree(native, root, Buffer.alloc(0), ({ path }, record) =>
      bare.set(path.toString(), unpack(record).names),
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyLine, fc.uint8Array({ maxLength: 40 })), { maxLength: 24 }),
        (texts) => {
          const lines = Buffer.concat(texts.map((text) => Buffer.from(text)));
          scanTree(native, root, lines, (at, record) => {
            const { names, matches, gone } = unpack(record);
            expect(names).toEqual(bare.get(at.path.toString()));
            const cut = splitLines(lines, at.from, at.to);
            for (const [i, match] of matches.entries()) {
              if (match < 32) continue;
              const own = cut.find(({ from, to }) => from <= match && match < to);
              const path = Buffer.concat([
                at.path,
                Buffer.from(at.path.length ? '/' : ''),
                Buffer.from(names[i] ?? '', 'latin1'),
              ]);
              const file = lstatSync(Buffer.concat([Buffer.from(`${root}/`), path]), { bigint: true });
              expect(own && judgeLine(lines, own, path, file)).toBe(match);
            }
            let last = at.from - 1;
            for (const offset of gone) {
              expect(offset).toBeGreaterThan(last);
              last = offset;
            }
            expect(last).toBeLessThanOrEqual(at.to);
          });
        },
      ),
      { numRuns: 2000 },
    );
  });
});
