import {
  linkSync,
  mkdirSync,
  readdirSync,
  lstatSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import {
  fifo,
  hostileNames,
  kernelTree,
  makeDeepChain,
  makeTree,
  socket,
  symlink,
  tempDir,
  type TreeNode,
} from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { judgeScan, lineOf, type Wanted } from './support/judge.js';
import { hasNative, native, scan, scanTree, unpack, wanted, withRoot } from './support/engine.js';

async function temporary(spec: Parameters<typeof makeTree>[0] = {}): Promise<string> {
  const directory = tempDir();
  onTestFinished(() => directory.remove());
  return makeTree(spec, directory.path);
}

/** The lines of all files below a directory, in path order. */
function linesBelow(root: string): Buffer {
  const found: { path: Buffer; line: Buffer }[] = [];
  const walk = (path: Buffer) => {
    const here = Buffer.concat([Buffer.from(`${root}/`), path]);
    for (const name of readdirSync(here, { encoding: 'buffer' })) {
      const child = path.length ? Buffer.concat([path, Buffer.from('/'), name]) : name;
      const stat = lstatSync(Buffer.concat([here, Buffer.from('/'), name]), { bigint: true });
      if (stat.isDirectory()) walk(child);
      else if (stat.isFile()) found.push({ path: child, line: lineOf(child, stat) });
    }
  };
  walk(Buffer.alloc(0));
  found.sort((a, b) => Buffer.compare(a.path, b.path));
  return Buffer.concat([
    Buffer.from('{"version":3,"entries":{\n'),
    ...found.map(({ line }) => line),
    Buffer.from('},'),
  ]);
}

describe.skipIf(!hasNative)('scan()', () => {
  it('answers as the engine in TypeScript over hostile names, without lines and with all of them', async () => {
    const names = new Map<Uint8Array, TreeNode>();
    for (const [i, name] of hostileNames.entries()) {
      const node: TreeNode =
        i % 5 === 4 ? symlink('nowhere') : i % 3 === 2 ? { inner: 'x', 'a b': 'y' } : 'z'.repeat(i);
      names.set(name, node);
    }
    const root = await temporary({
      'a/names': names,
      'a.txt': '',
      a0: '',
      'a-b': { c: '' },
      '.git': { x: '' },
      '.muse': '',
    });
    const specials = {
      pipe: fifo(),
      'old.sock': socket(),
      link: symlink('/etc'),
      '.git': symlink('x'),
      '.gitx': '',
      '.mus': '',
    };
    await makeTree({ b: specials }, root);
    const text = linesBelow(root);
    // Only what lies between header and footer is a line.
    for (const slice of [
      { from: 0, to: 0 },
      { from: 25, to: text.length - 2 },
      { from: 25, to: text.length - 2, allDetails: true },
    ]) {
      let hits = 0;
      let seen = 0;
      const visit = (directory: Wanted, record: Buffer) => {
        expect(record.toString('hex')).toBe(judgeScan(root, directory, text).toString('hex'));
        hits += unpack(record).matches.filter((match) => match >= 32).length;
        seen++;
      };
      scanTree(native, root, text, visit, slice);
      expect(seen).toBeGreaterThan(20);
      expect(hits > 100).toBe(slice.to > 0);
    }
  });

  it('answers as the engine in TypeScript over devices', () => {
    const record = scan(native, '/dev', [wanted('/dev', '')])[0];
    expect(record?.equals(judgeScan('/dev', wanted('/dev', ''), Buffer.alloc(0)))).toBe(true);
    expect(unpack(record).skipped[3]).toBeGreaterThan(3);
  });

  it('hits every file of a tree in the shape of the kernel', async () => {
    const root = await temporary();
    kernelTree({ root, files: 1500, fileBytes: 1 });
    const lines = linesBelow(root).subarray(25, -2);
    const counts = { files: 0, hits: 0, gone: 0 };
    scanTree(native, root, lines, (directory, record) => {
      expect(record.equals(judgeScan(root, directory, lines))).toBe(true);
      const { matches, gone } = unpack(record);
      counts.hits += matches.filter((match) => match >= 32).length;
      counts.files += matches.filter((match) => match !== 6).length;
      counts.gone += gone.length;
    });
    expect(counts).toEqual({ files: 1500, hits: 1500, gone: 0 });
  });

  it('tells sizes and times as they are, wherever the file system can put them', async () => {
    const root = await temporary();
    const times = [
      0,
      -1,
      -0.5,
      -2_000_000_000.25,
      1,
      2 ** 31,
      2 ** 32 + 0.125,
      9_300_000_000.5,
      15_000_000_000,
    ];
    for (const [i, time] of times.entries()) {
      writeFileSync(`${root}/${i}`, '');
      utimesSync(`${root}/${i}`, 0, time);
      truncateSync(`${root}/${i}`, [0, 1, 2 ** 31, 2 ** 32, 2 ** 40 + 1][i % 5]);
      utimesSync(`${root}/${i}`, 0, time);
    }
    execFileSync('touch', ['-d', '1969-12-31 23:59:59.999999999Z', `${root}/last`]);
    const lines = linesBelow(root).subarray(25, -2);
    const [record] = scan(native, root, [wanted(root, '', 0, lines.length)], { lines });
    expect(record?.equals(judgeScan(root, wanted(root, '', 0, lines.length), lines))).toBe(true);
    expect(unpack(record).matches.every((match) => match >= 32)).toBe(true);
    const [bare] = scan(native, root, [wanted(root, '')], { lines });
    expect(bare?.equals(judgeScan(root, wanted(root, ''), lines))).toBe(true);
  });

  it('answers what fits, at every capacity', async () => {
    const root = await temporary({
      a: { one: '1', two: { x: '' } },
      b: {},
      c: { ['long'.repeat(20)]: '' },
    });
    const directories = ['', 'a', 'a/two', 'b', 'c'].map((path) => wanted(root, path));
    const records = directories.map((directory) => judgeScan(root, directory, Buffer.alloc(0)));
    const sizes = records.map((record) => record.length);
    const first = sizes[0] ?? 0;
    for (let capacity = 0; capacity < sizes.reduce((a, b) => a + b) + 9; capacity++) {
      let room = capacity;
      const fitting = sizes.findIndex((size) => (room -= size) < 0);
      const got = scan(native, root, directories, { capacity });
      if (capacity < 96) expect(got).toEqual([]);
      else if (capacity < first) {
        const result = unpack(got[0]);
        expect([result.outcome, result.error, got[0]?.length]).toEqual([3, first, 96]);
        // What it said is enough.
        expect(scan(native, root, directories, { capacity: result.error }).length).toBe(1);
      } else expect(got).toEqual(records.slice(0, fitting < 0 ? records.length : fitting));
    }
  });

  it('goes on behind a directory that is too large', async () => {
    const root = await temporary({ a: { ['n'.repeat(200)]: '' }, b: {}, c: {} });
    const got = scan(
      native,
      root,
      ['a', 'b', 'c'].map((path) => wanted(root, path)),
      { capacity: 300 },
    ).map(unpack);
    expect(got.map(({ outcome }) => outcome)).toEqual([3, 0, 0]);
  });

  it('knows by the names alone that a directory may be too large, and goes on behind it', async () => {
    const root = await temporary({ a: {}, b: { f: '' } });
    for (let i = 0; i < 1024; i++) symlinkSync('nowhere', `${root}/a/${i}`);
    const links = wanted(root, 'a');
    const listed = [links, wanted(root, 'b')];
    const [large, next] = scan(native, root, listed, { capacity: 1 << 16 }).map(unpack);
    // A header, and for each of them a match, a detail, a name and a range of lines; one more range, and padding.
    const names = Array.from({ length: 1024 }, (_, i) => String(i).length + 1).reduce((a, b) => a + b);
    expect([large?.outcome, large?.error, next?.outcome]).toEqual([
      3,
      96 + 1024 * 60 + names + 8 + (-names & 7),
      0,
    ]);
    // None of them is in the record, once there is room for all.
    const whole = scan(native, root, listed, { capacity: large?.error ?? 0 });
    expect([unpack(whole[0]).outcome, whole[0]?.length]).toEqual([0, 96]);
    // Behind another one it is left for the next call.
    const behind = scan(native, root, listed.toReversed(), { capacity: (large?.error ?? 0) + 8 });
    expect(behind.map((record) => unpack(record).outcome)).toEqual([0]);
    rmSync(`${root}/a/0`);
    const [few] = scan(native, root, [links], { capacity: 1 << 12 });
    expect(unpack(few).outcome).toBe(0);
  });

  it('lists 20,000 names', async () => {
    const root = await temporary();
    // Hard links are made in a third of the time; ext4 gives a file 65,000.
    writeFileSync(`${root}/0`, '');
    for (let i = 1; i < 20_000; i++) linkSync(`${root}/0`, `${root}/${i}`);
    const lines = linesBelow(root).subarray(25, -2);
    const directory = wanted(root, '', 0, lines.length);
    const [small] = scan(native, root, [directory], { lines, capacity: 1 << 17 });
    expect(unpack(small).outcome).toBe(3);
    const capacity = unpack(small).error;
    const result = unpack(scan(native, root, [directory], { lines, capacity })[0]);
    expect(result.names).toEqual(readdirSync(root).sort());
    expect(result.matches.every((match) => match >= 32)).toBe(true);
    const bare = unpack(scan(native, root, [wanted(root, '')], { capacity: 8 << 20 })[0]);
    expect(bare.details.length).toBe(20_000);
  });

  it.each([
    ['a'.repeat(200), 60],
    ['d', 2100],
    ['n'.repeat(255), 17],
  ])('follows paths beyond PATH_MAX: %s, %d times', async (name, depth) => {
    const root = await temporary();
    makeDeepChain(root, { depth, name, leaf: 'leaf' });
    const paths: string[] = [];
    scanTree(native, root, Buffer.alloc(0), (directory, record) => {
      const { outcome, names } = unpack(record);
      expect(outcome).toBe(0);
      if (depth < 100) expect(record.equals(judgeScan(root, directory, Buffer.alloc(0)))).toBe(true);
      if (names[0] === 'leaf') paths.push(directory.path.toString());
    });
    expect(paths).toEqual([Array.from({ length: depth }, () => name).join('/')]);
  });

  it('says moved for what is gone, another one, a file or a link', async () => {
    const root = await temporary({ a: {}, b: {}, c: {}, d: {}, 'e/f': {} });
    const aside = await temporary();
    const directories = ['a', 'b', 'c', 'd', 'e/f'].map((path) => wanted(root, path));
    // Kept elsewhere, so that no new one gets the inode of an old one.
    for (const name of 'abcde') renameSync(`${root}/${name}`, `${aside}/${name}`);
    mkdirSync(`${root}/x`);
    mkdirSync(`${root}/b`);
    writeFileSync(`${root}/c`, '');
    symlinkSync('x', `${root}/d`);
    symlinkSync('x', `${root}/e`);
    mkdirSync(`${root}/x/f`);
    const all = [...directories, wanted(root, 'x')];
    const got = scan(native, root, all);
    expect(got.map((record) => unpack(record).outcome)).toEqual([1, 1, 1, 1, 1, 0]);
    const judged = all.map((directory) => judgeScan(root, directory, Buffer.alloc(0)));
    expect(Buffer.concat(got).toString('hex')).toBe(Buffer.concat(judged).toString('hex'));
  });

  it('answers alike from a directory above', async () => {
    const root = await temporary({ 'a/b/c': 'c', 'a/b/d/e': 'e', 'a/bc': '' });
    const file = lstatSync(`${root}/a/b/c`, { bigint: true });
    const text = Buffer.concat(['a/b/c', 'a/b/d/e'].map((path) => lineOf(Buffer.from(path), file)));
    const whole = wanted(root, 'a/b', 0, text.length);
    const expected = scan(native, root, [whole], { lines: text });
    const below = scan(native, `${root}/a`, [{ ...whole, base: 2 }], { lines: text });
    expect(Buffer.concat(below).toString('hex')).toBe(Buffer.concat(expected).toString('hex'));
    expect(unpack(expected[0]).matches[0]).toBeGreaterThan(32);
    // What has the name in the directory above is another one.
    expect(unpack(scan(native, root, [{ ...whole, base: 2 }], { lines: text })[0]).outcome).toBe(1);
  });

  it('refuses a request that is not as it should be', async () => {
    const root = await temporary({ 'a/b': {} });
    const good = wanted(root, 'a');
    const bad = [
      { ...good, from: 1 },
      { ...good, to: 1 },
      { ...good, base: 1 },
      { ...wanted(root, 'a/b'), base: 1 },
      { ...wanted(root, 'a/b'), base: 4 },
      { ...good, base: 2 ** 32 - 1 },
      { ...good, from: 2 ** 32 - 1, to: 2 ** 32 - 1 },
      ...['/a', 'a/', 'a//b', '.', '..', 'a/../b', 'a/.', '../a', 'a\0b', '/'].map((path) => ({
        ...good,
        path: Buffer.from(path),
      })),
    ];
    for (const directory of bad)
      expect(() => scan(native, root, [directory]), String(directory.path)).toThrow(RangeError);
    expect(
      scan(native, root, [good, { ...good, path: Buffer.from('..a/...') }]).map((it) => unpack(it).outcome),
    ).toEqual([0, 1]);
  });

  it('refuses bytes that are no shared memory, and what is no descriptor', async () => {
    const root = await temporary();
    const bytes = new Uint8Array(new SharedArrayBuffer(80));
    withRoot(root, (descriptor) => {
      const call = { root: descriptor, request: bytes.subarray(0, 0), lines: bytes, reply: bytes };
      expect(native.scanSync(call)).toBe(0);
      for (const wrong of [
        new Uint8Array(8),
        Buffer.alloc(8),
        new Uint16Array(new SharedArrayBuffer(8)),
        new SharedArrayBuffer(8),
        undefined,
        'x',
      ]) {
        for (const field of ['request', 'lines', 'reply']) {
          expect(() => native.scanSync({ ...call, [field]: wrong })).toThrow(TypeError);
        }
      }
      expect(() => native.scanSync({ ...call, root: 'x' } as never)).toThrow(TypeError);
      expect(() => native.scanSync({ ...call, inotify: 2 ** 40 })).toThrow(TypeError);
    });
  });
});
