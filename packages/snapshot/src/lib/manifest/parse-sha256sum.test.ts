import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { toNativePath, treePathFromBytes } from '@muse/paths';
import { blobId, type ObjectId } from '@muse/stat-cache';
import { effort, hostileNames, makeTree, oracle, sha256Id, tempDir } from '@muse/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatManifest } from './format.js';
import { computeSnapshotId } from './manifest.js';
import { parseSha256sum } from './parse-sha256sum.js';
import { MAX_MANIFEST_BYTES } from './parse.js';
import type { Snapshot } from '../types.js';

const id = blobId(Buffer.from('x'));
const digest = id.slice('sha256:'.length);
const other = blobId(Buffer.of()).slice('sha256:'.length);

/** Reads a list in which `X` stands for the digest of `x`, a character a byte. */
const parse = (list: string): [string, ObjectId][] => [
  ...parseSha256sum(Buffer.from(list.replaceAll('X', digest), 'latin1')),
];

describe('parseSha256sum()', () => {
  it.each<[what: string, list: string, ...paths: string[]]>([
    ['the GNU form', 'X  a\nX *b\n', 'a', 'b'],
    ['the BSD form', 'SHA256 (a) = X\n', 'a'],
    ['the BSD form without spaces, as openssl writes it', 'SHA256(a)=X\n', 'a'],
    ['both forms', 'SHA256 (b) = X\nX  a\n', 'a', 'b'],
    ['names that begin and end with white space', 'X   a \n', ' a '],
    ['names that begin with what marks a binary file', 'X **a\nX  *b\n', '*a', '*b'],
    ['parentheses in a BSD name', 'SHA256 (a) = b)) = X\n', 'a) = b)'],
    ['escapes', '\\X  a\\\\n\\n\\r\n', 'a\\n\n\r'],
    ['escapes in the BSD form', '\\SHA256 (a\\\\\\n) = X\n', 'a\\\n'],
    ['a backslash where nothing is escaped', 'X  a\\n\n', 'a\\n'],
    ['a digest in upper case', `${digest.toUpperCase()}  a\n`, 'a'],
    ['white space before a line', ' \tX  a\n\t\\X  b\n', 'a', 'b'],
    ['a tab after the digest', 'X\t a\n', 'a'],
    ['lines that end as on Windows', 'X  a\r\n\r\nSHA256 (b) = X\r\n', 'a', 'b'],
    ['one carriage return, not two', 'X  a\r\r\n', 'a\r'],
    ['comments and empty lines', '# X  no\n\n \t\nX  a\n#', 'a'],
    ['a name like a comment', 'X  #a\n', '#a'],
    ['a last line without an end', 'X  a\nX  b', 'a', 'b'],
    ['a mark before the text', '\xef\xbb\xbfX  a\n', 'a'],
    ['bytes that are not UTF-8', 'X  caf\xe9\nX  \xff\n', 'caf\udce9', '\udcff'],
    ['UTF-8', 'X  \xc3\xa9\n', 'é'],
    ['dots and slashes that say nothing', 'X  ./a\nX  .//././b//./c\nX  ...\n', '...', 'a', 'b/c'],
    ['a file called -', 'X  ./-\n', '-'],
    ['a file twice', 'X  a\nX *./a\nSHA256 (a) = X\n', 'a'],
    ['names in path order', 'X  \xf0\x9f\x92\xa9\nX  \xee\x80\x80\nX  10\nX  2\n', '10', '2', '\ue000', '💩'],
    ['names that objects know', 'X  __proto__\nX  constructor\n', '__proto__', 'constructor'],
    ['a list without a file', '# nothing\n\n'],
    ['nothing'].concat('') as [string, string],
  ])('reads %s', (_what, list, ...paths) => {
    expect(parse(list)).toEqual(paths.map((path) => [path, id]));
  });

  it('reads names of any length', () => {
    const name = `${'d'.repeat(20_000)}/${'e'.repeat(20_000)}`;
    expect(parse(`X  ${name}\nX  ./${name}\n`)).toEqual([[name, id]]);
  });

  it.each<[list: string, reason: string | RegExp]>([
    ['X  a\nX  ../b\n', /in line 2: the name "\.\.\/b" cannot be used: segment "\.\." must be the name/],
    ['X  a/../b\n', /in line 1: .* segment "\.\." must be/],
    ['X  /etc/passwd\n', /in line 1: .* it is absolute, and must be relative to the root/],
    ['X  //a\n', /it is absolute/],
    ['X  /./a\n', /it is absolute/],
    ['SHA256 (/a) = X\n', /it is absolute/],
    ['X  a/\n', /it ends with "\/"/],
    ['X  a/.\n', /segment "\." must be/],
    ['X  .\n', /segment "\." must be/],
    ['X  ./\n', /it is empty/],
    ['X  \n', /in line 1: .* it is empty/],
    ['SHA256 () = X\n', /it is empty/],
    ['\\X  /a\\n\n', /it is absolute/],
    ['X  -\n', 'in line 1: its name is -, which is stdin; a file is called ./-'],
    ['# x\n\nX a\n', "in line 3: it must be 'digest  name', 'digest *name' or 'SHA256 (name) = digest'"],
    ['X\n', /in line 1: it must be/],
    ['Xa  a\n', /it must be|its digest has/],
    ['a file\n', /in line 1: it must be|hex digits/],
    ['SHA256 a = X\n', /it must be/],
    ['SHA256 (a) X\n', /it must be/],
    ['SHA256 (a) = X \n', /it must be/],
    ['SHA256 (a = X\n', /it must be/],
    [')SHA256 (a = X\n', /it must be/],
    ['\\ X  a\n', /it must be/],
    ['-----BEGIN PGP SIGNED MESSAGE-----\n', /it must be/],
    [' # x\n', /it must be/],
    [`${'0'.repeat(32)}  a\n`, 'in line 1: its digest has 32 hex digits, and must have the 64 of SHA-256'],
    [`${'0'.repeat(128)} *a\n`, /its digest has 128 hex digits/],
    [`SHA256 (a) = ${digest.slice(1)}\n`, /its digest has 63 hex digits/],
    ['SHA512 (a) = X\n', 'in line 1: its digest is of SHA512, and must be of SHA256'],
    ['SHA512/256 (a) = X\n', /its digest is of SHA512\/256/],
    ['BLAKE2b-256 (a) = X\n', /its digest is of BLAKE2b-256/],
    ['\\X  a\\x\n', 'in line 1: its name has the escape \\x, and may have \\\\, \\n and \\r'],
    ['\\X  a\\\n', /its name has the escape \\, and/],
    ['\\SHA256 (a\\0) = X\n', /its name has the escape \\0/],
    ['X  a\0b\n', 'in line 1: it has a NUL, which no name can have'],
    ['\xff\xfeX\0', /in line 1: it has a NUL/],
    [`X  a\n${other}  a\n`, 'in line 2: "a" is there for the second time, with another digest'],
    [`X  a\nSHA256 (./a) = ${other}\n`, /in line 2: "a" is there for the second time/],
  ])('refuses %j', (list, reason) => {
    expect(() => parse(list)).toThrow(reason);
    expect(() => parse(list)).toThrow(/^Cannot read the list: in line \d+: /);
  });

  it('refuses more bytes than are read, before it looks at them', () => {
    expect(() => parseSha256sum(new Uint8Array(MAX_MANIFEST_BYTES + 1))).toThrow(
      `it has ${MAX_MANIFEST_BYTES + 1} bytes, and ${MAX_MANIFEST_BYTES} are read at most`,
    );
  });

  it.each([
    ['closing parentheses', `SHA256 (${')='.repeat(2_000_000)} \n`],
    ['white space', `SHA256 (a)${' '.repeat(4_000_000)}x\n`],
    ['backslashes', `\\${digest}  a${'\\'.repeat(4_000_001)}\n`],
    ['slashes', `${digest}  a${'/'.repeat(4_000_000)}\n`],
    ['dots', `${digest}  ${'./'.repeat(2_000_000)}\n`],
    ['hex digits', `${'0'.repeat(4_000_000)}\n`],
  ])('takes no longer than it must over a line of %s', (_what, list) => {
    const started = process.cpuUsage();
    expect(() => parse(list)).toThrow(/^Cannot read the list: in line 1: /);
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
  });

  it('gives back what formatManifest wrote, whatever the names are', () => {
    const segment = fc
      .uint8Array({ minLength: 3, maxLength: 6 })
      .map((bytes) => treePathFromBytes(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5c : byte))));
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
    fc.assert(
      fc.property(fc.array(path), (paths) => {
        const manifest = new Map(paths.map((each) => [each, id]));
        expect(parseSha256sum(listOf(manifest))).toEqual(manifest);
      }),
    );
  });
});

function listOf(manifest: Snapshot['manifest']): Buffer {
  const snapshot = { id: computeSnapshotId(manifest), manifest, complete: true, problems: [] };
  return Buffer.concat([
    ...formatManifest({ ...snapshot, stats: { bytes: 1 } as Snapshot['stats'] }, 'sha256sum'),
  ]);
}

describe.skipIf(coreutilsVersion() < 9)('parseSha256sum() beside sha256sum of coreutils 9', () => {
  const forms = [
    ['the GNU form', ''],
    ['the GNU form for binary files', '--binary'],
    ['the BSD form', '--tag'],
  ] as const;

  it.each(forms)('reads the list of a tree of hostile names in %s', async (_form, option) => {
    await using tree = tempDir();
    await makeTree({ d: {} }, tree.path);
    for (const [index, name] of hostileNames.entries()) {
      writeFileSync(toNativePath(tree.path, `${index % 2 ? 'd/' : ''}${treePathFromBytes(name)}`), name);
    }
    const { manifest } = await oracle(tree.path);
    expect(manifest.size).toBe(hostileNames.length);
    expect(parseSha256sum(sha256sumOf(tree.path, option))).toEqual(manifest);
  });

  it.each(forms)('reads the list of any tree in %s', async (_form, option) => {
    const segment = fc.uint8Array({ minLength: 3, maxLength: 8 }).map((bytes) => {
      const strange = [0x0a, 0x0d, 0x5c, 0x20, 0x28, 0x29, 0x3d, 0x2a];
      const name = bytes.map((byte) => (byte % 3 === 0 ? (strange[byte % strange.length] ?? byte) : byte));
      return treePathFromBytes(name.map((byte) => (byte === 0 || byte === 0x2f ? 0x23 : byte)));
    });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(segment, { minLength: 1, maxLength: 40 }), async (names) => {
        await using tree = tempDir();
        for (const name of names) writeFileSync(toNativePath(tree.path, name), JSON.stringify(name));
        const expected = new Map(names.map((name) => [name, sha256Id(JSON.stringify(name))]));
        expect(new Map(parseSha256sum(sha256sumOf(tree.path, option)))).toEqual(expected);
      }),
      { numRuns: effort(8, 500) },
    );
  });

  it('agrees on which lines name the file a', async () => {
    await using tree = await filledDir();
    const mostly = (right: string, ...others: string[]) =>
      fc.oneof({ weight: 3, arbitrary: fc.constant(right) }, fc.constantFrom(...others));
    const begin = mostly('', ' ', '\t', '#', '\ufeff', '\r');
    const escape = mostly('', '\\', '\\\\', '\\ ');
    const hex = mostly(digest, digest.toUpperCase(), `${digest}0`, digest.slice(1));
    const blank = mostly('  ', ' *', '\t ', '   ', ' ', '\t', '');
    const name = mostly('a', './a', './/./a', 'b', 'a ', 'a\\', '\\a', 'a)', ')', '');
    const end = mostly('', '\r', ' ', '\r\r', '\\');
    const open = mostly('SHA256 (', 'SHA256(', 'SHA256  (', 'SHA512 (', 'SHA256 ');
    const close = mostly(') = ', ')=', ')\t=  ', ') ', '= ', ')) = ');
    const lines = fc
      .oneof(
        fc.tuple(begin, escape, hex, blank, name, end),
        fc.tuple(begin, escape, open, name, close, hex, end),
      )
      .map((parts) => parts.join(''));
    let agreed = 0;
    fc.assert(
      fc.property(lines, (line) => {
        const checked = spawnSync('sha256sum', ['--check', '--strict', '--status'], {
          cwd: tree.path,
          input: line,
        });
        const isTheirs = checked.status === 0;
        const isOurs = namesA(line);
        if (isTheirs && isOurs) agreed++;
        // One blank between digest and name is the form of a third program, by which GNU lets the first line decide.
        if (/^[ \t]*\\?[0-9a-f]{64}[ \t][^ *]/i.test(line)) expect(isOurs).toBe(false);
        else expect(isOurs).toBe(isTheirs || (line.startsWith('\ufeff') && namesA(line.slice(1))));
      }),
      { numRuns: effort(200, 3000) },
    );
    expect(agreed).toBeGreaterThan(10);
  });
});

async function filledDir() {
  const directory = tempDir();
  await makeTree({ a: 'x' }, directory.path);
  return directory;
}

function namesA(line: string): boolean {
  try {
    return parseSha256sum(Buffer.from(line)).get('a') === id;
  } catch {
    return false;
  }
}

/** Runs the program over all files below a directory. */
function sha256sumOf(directory: string, option: string): Buffer {
  const command = `find . -type f -print0 | xargs -0 sha256sum ${option}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: directory });
  expect(stderr.toString()).toBe('');
  expect(status).toBe(0);
  return stdout;
}

function coreutilsVersion(): number {
  const { stdout } = spawnSync('sha256sum', ['--version'], { encoding: 'utf8' }) as { stdout: string | null };
  return Number(/coreutils\) (\d+)/.exec(stdout ?? '')?.[1] ?? 0);
}
