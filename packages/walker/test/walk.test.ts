import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { compareTreePaths } from '@muse/paths';
import {
  built,
  fifo,
  giveToOrdinaryUser,
  hardlink,
  hostileNames,
  kernelTree,
  makeDeepChain,
  makeTree,
  oracle,
  ordinaryUser,
  removeTree,
  socket,
  symlink,
  tempDir,
  type TreeSpec,
} from '@muse/testkit';
import { walk, type Walk, type WalkOptions } from '@muse/walker';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { asOrdinaryUser } from './support/as-ordinary-user.js';

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

const paths = ({ files }: Walk) => files.map(({ path }) => path);

async function expectTruth(root: string, walked: Walk, truth?: readonly string[]): Promise<void> {
  expect(walked.problems).toEqual([]);
  expect(paths(walked)).toEqual(truth ?? [...(await oracle(root)).manifest.keys()]);
}

/** Walks with each number of threads, and expects the same each time. */
async function walkEachWay(root: string, options: WalkOptions = {}): Promise<Walk> {
  const first = await walk(root, { ...options, threads: 1 });
  for (const threads of [2, 4]) {
    const other = await walk(root, { ...options, threads });
    expect({ ...other, files: [] }).toEqual({ ...first, files: [] });
    expect(textOf(other)).toBe(textOf(first));
  }
  return first;
}

/** The files as one text, which is compared in no time. */
function textOf({ files }: Walk): string {
  return files.map(({ path, stat }) => `${path} ${Object.values(stat).join(' ')}`).join('\n');
}

describe('walk of a tree of more than a thousand files', () => {
  const directory = tempDir();
  const root = directory.path;
  let truth: string[];
  beforeAll(async () => {
    kernelTree({ root, files: 1500, seed: 7 });
    truth = [...(await oracle(root)).manifest.keys()];
  }, 60_000);
  afterAll(() => directory.remove());

  it('finds every file, in path order, with 1, 2 and 4 threads', async () => {
    const walked = await walkEachWay(root);
    await expectTruth(root, walked, truth);
    expect(paths(walked)).toEqual(paths(walked).sort(compareTreePaths));
    expect(walked.root).toBe(root);
  });

  it('gives each file the stat that it has', async () => {
    const { files } = await walk(root, { threads: 2 });
    for (const { path, stat } of files.filter((_, index) => index % 100 === 0)) {
      const { dev, ino, size, mtimeNs, ctimeNs } = await lstat(join(root, path), { bigint: true });
      expect(stat).toEqual({ dev, ino, size, mtimeNs, ctimeNs });
    }
  });

  it('ends its threads, whether it is done or aborted', async () => {
    vi.stubEnv('MUSE_ENGINE', 'typescript');
    onTestFinished(() => void vi.unstubAllEnvs());
    const workers: Worker[] = [];
    const add = (worker: Worker) => void workers.push(worker);
    process.on('worker', add);
    onTestFinished(() => void process.off('worker', add));
    await walk(root, { threads: 2 });
    expect(workers.length).toBeGreaterThan(0);
    for (const delay of [0, 5, 60]) {
      const controller = new AbortController();
      const reason = new Error('no time');
      const aborted = walk(root, {
        threads: 2,
        signal: controller.signal,
        ignore: abortingAfter(delay, controller, reason),
      });
      await expect(aborted).rejects.toBe(reason);
    }
    expect(workers.map(({ threadId }) => threadId).filter((id) => id !== -1)).toEqual([]);
  });

  /** Rules that ignore nothing, and abort when they are asked about so many entries. */
  function abortingAfter(asked: number, controller: AbortController, reason: Error): WalkOptions['ignore'] {
    let left = asked * 20;
    return {
      ignores: () => {
        if (left-- === 0) controller.abort(reason);
        return false;
      },
    };
  }
});

describe('walk', () => {
  it('keeps every hostile name, of files and of directories', async () => {
    const root = await make(
      new Map([
        ['f', new Map(hostileNames.map((name) => [name, '']))],
        ['d', new Map(hostileNames.map((name) => [name, new Map([[name, '']])]))],
      ] as [string, TreeSpec][]),
    );
    const walked = await walkEachWay(root);
    await expectTruth(root, walked);
    expect(walked.files).toHaveLength(2 * hostileNames.length);
    expect(walked.directories).toBe(3 + hostileNames.length);
  });

  it.runIf(process.platform === 'linux')('goes 2,000 levels deep, far beyond PATH_MAX', async () => {
    const root = await make({ a: '' });
    makeDeepChain(root, { depth: 2000, name: 'lv', leaf: 'leaf' });
    const walked = await walk(root);
    await expectTruth(root, walked, ['a', `${'lv/'.repeat(2000)}leaf`]);
    expect(walked.directories).toBe(2001);
  });

  it.runIf(process.platform === 'linux')('reaches names that are not UTF-8 beyond PATH_MAX', async () => {
    const root = await make({});
    const name = Buffer.from([0x6e, 0xff]);
    makeDeepChain(root, { depth: 50, name: 'n'.repeat(100), leaf: 'leaf' });
    // A chain of odd names above a long one.
    execFileSync('sh', [
      '-c',
      'mkdir "$0" && mv "$1" "$0/"',
      Buffer.concat([Buffer.from(`${root}/`), name]),
      `${root}/${'n'.repeat(100)}`,
    ] as string[]);
    const { files, problems } = await walk(root);
    expect(problems).toEqual([]);
    expect(files).toHaveLength(1);
    expect(files[0]?.path.endsWith('/leaf')).toBe(true);
  });

  it('finds 10,000 files in one directory', async () => {
    const root = await make({});
    const names = Array.from({ length: 10_000 }, (_, i) => `file ${i}`);
    for (const name of names) writeFileSync(join(root, name), '');
    const walked = await walkEachWay(root);
    await expectTruth(root, walked, names.sort());
  });

  it('is equal for equal trees of any shape: empty, flat, one file', async () => {
    expect(await walkEachWay(await make({}))).toMatchObject({ files: [], directories: 1, problems: [] });
    expect(paths(await walkEachWay(await make({ a: '' })))).toEqual(['a']);
    expect(paths(await walkEachWay(await make({ 'a/b': { c: {} }, d: '' })))).toEqual(['d']);
  });

  it('follows no link, opens nothing, and counts by kind what is no file', async () => {
    const outside = await make({ secret: '' });
    const root = await make({
      file: '',
      'd/hard': hardlink('file'),
      'l/out': symlink(outside),
      'l/file': symlink('../file'),
      'l/nowhere': symlink('nowhere'),
      'l/self': symlink('self'),
      'l/up': symlink('..'),
      'l/a': symlink('b'),
      'l/b': symlink('a'),
      pipe: fifo(),
      'd/socket': socket(),
    });
    const walked = await walkEachWay(root);
    expect(paths(walked)).toEqual(['d/hard', 'file']);
    expect(walked.problems).toEqual([]);
    expect(walked.leftOut).toEqual({
      ...{ symlink: 7, fifo: 1, socket: 1, device: 0, unknown: 0 },
      ...{ ignored: 0, reserved: 0, 'other-device': 0 },
    });
  });

  it('leaves out .git and .muse at every depth, be they files or directories', async () => {
    const root = await make({
      '.git/HEAD': '',
      '.muse/cache/stat.json': '',
      'a/.git': 'gitdir: ../b',
      'a/.muse/x': '',
      'a/b/.git/x': '',
      'a/b/.muse': '',
      'a/b/.gitx': '',
      'a/b/x.git': '',
      'a/b/.GIT': '',
      'a/b/.muse ': '',
    });
    const walked = await walkEachWay(root);
    expect(paths(walked)).toEqual(['a/b/.GIT', 'a/b/.gitx', 'a/b/.muse ', 'a/b/x.git']);
    expect(walked.leftOut.reserved).toBe(6);
  });

  it('leaves out what rules ignore, and counts a directory once', async () => {
    const root = await make({ 'out/a': '', 'out/b/c': '', 'src/out': '', 'src/x.o': '', 'src/y.c': '' });
    const walked = await walkEachWay(root, {
      ignore: { ignores: (path, isDirectory) => path.endsWith('.o') || (isDirectory && path === 'out') },
    });
    expect(paths(walked)).toEqual(['src/out', 'src/y.c']);
    expect(walked.leftOut.ignored).toBe(2);
    expect(walked.directories).toBe(2);
  });

  it('resolves a root that is a link, and a relative one', async () => {
    const root = await make({ 'real/a': '', link: symlink('real') });
    const walked = await walk(join(root, 'link'));
    expect(walked.root).toBe(join(root, 'real'));
    expect(paths(walked)).toEqual(['a']);
  });

  it.each([
    ['absent', 'ENOENT'],
    ['file', 'ENOTDIR'],
    ['pipe', 'ENOTDIR'],
    ['loop', 'ELOOP'],
  ])('rejects for a root that is %s, with %s and the path', async (name, code) => {
    const above = await make({ file: '', pipe: fifo(), loop: symlink('loop') });
    const root = join(above, name);
    await expect(walk(root)).rejects.toMatchObject({ code, path: root });
    await expect(walk(root)).rejects.toThrow(`Cannot open the root ${JSON.stringify(root)}: `);
  });

  it('rejects for a root with a NUL in it', async () => {
    await expect(walk('/tmp/a\0b')).rejects.toThrow(/Cannot open the root/);
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses %d threads', async (threads) => {
    await expect(walk('/', { threads })).rejects.toThrow(RangeError);
  });

  it('rejects with the reason of a signal that is aborted already', async () => {
    const reason = new Error('no time');
    await expect(walk('/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('rejects with what a rule throws', async () => {
    const root = await make({ a: '' });
    const ignore = {
      ignores: () => {
        throw new Error('no such rule');
      },
    };
    await expect(walk(root, { ignore })).rejects.toThrow('no such rule');
  });

  it('leaves the event loop free', async () => {
    const root = await make(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`d${i}/f`, ''])));
    let turns = 0;
    const state = { walking: true };
    const turn = () => {
      turns++;
      if (state.walking) setImmediate(turn);
    };
    setImmediate(turn);
    await walk(root, { threads: 1 });
    state.walking = false;
    expect(turns).toBeGreaterThan(3);
  });
});

describe.runIf(ordinaryUser() !== undefined)('walk by somebody whom permissions bind', () => {
  const walkAsOrdinaryUser = (root: string) =>
    asOrdinaryUser(`
      const { files, problems, leftOut } = await walk(${JSON.stringify(root)}, { threads: 1 });
      answer({ paths: files.map(({ path }) => path), problems, leftOut });`);

  it('names a directory that he may not list, and goes on', async () => {
    const root = await make({ a: '', 'locked/x': '', z: '' });
    await giveToOrdinaryUser(root);
    chmodSync(join(root, 'locked'), 0o311);
    expect(await walkAsOrdinaryUser(root)).toMatchObject({
      paths: ['a', 'z'],
      problems: [
        {
          path: 'locked',
          kind: 'unreadable',
          operation: 'readdir',
          code: 'EACCES',
          message: 'permission denied',
        },
      ],
    });
  });

  it('names each entry of a directory that he may list but not search', async () => {
    const root = await make({ a: '', 'd/x': '', 'd/y/z': '', 'd/.git/x': '' });
    await giveToOrdinaryUser(root);
    chmodSync(join(root, 'd'), 0o444);
    expect(await walkAsOrdinaryUser(root)).toMatchObject({
      paths: ['a'],
      problems: [
        { path: 'd/x', kind: 'unreadable', operation: 'lstat', code: 'EACCES' },
        { path: 'd/y', kind: 'unreadable', operation: 'lstat', code: 'EACCES' },
      ],
      leftOut: { reserved: 1 },
    });
  });

  it('needs no right to a file itself, nor to a directory that is ignored', async () => {
    const root = await make({ secret: 'x', 'out/x': '' });
    await giveToOrdinaryUser(root);
    chmodSync(join(root, 'secret'), 0);
    chmodSync(join(root, 'out'), 0);
    const script = `
      const ignore = { ignores: (path) => path === 'out' };
      const { files, problems } = await walk(${JSON.stringify(root)}, { threads: 1, ignore });
      answer({ paths: files.map(({ path }) => path), problems });`;
    expect(await asOrdinaryUser(script)).toEqual({ paths: ['secret'], problems: [] });
  });

  it('resolves a directory below a root only where he may list it and enter it', async () => {
    const root = await make({ open: {}, listed: {}, entered: {} });
    await giveToOrdinaryUser(root);
    chmodSync(join(root, 'listed'), 0o444);
    chmodSync(join(root, 'entered'), 0o111);
    const script = `
      const { resolveSubtree } = await import(${JSON.stringify(built('@muse/walker/scan'))});
      const root = await resolveRoot(${JSON.stringify(root)});
      const outcome = (path) => resolveSubtree(root, path).then(() => 'resolved', ({ code }) => code);
      answer([await outcome('open'), await outcome('listed'), await outcome('entered')]);`;
    expect(await asOrdinaryUser(script)).toEqual(['resolved', 'EACCES', 'EACCES']);
  });
});

const mayMount =
  process.platform === 'linux' &&
  spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;

describe.runIf(mayMount)('walk of a tree with a mount in it', () => {
  it.each([
    [false, ['a', 'm/on-tmpfs', 'z'], 0],
    [true, ['a', 'z'], 1],
  ])('with oneFileSystem %s finds %j', async (oneFileSystem, expected, otherDevice) => {
    const root = await make({ a: '', 'm/hidden': '', z: '' });
    const program = `
      import { walk } from ${JSON.stringify(built('@muse/walker'))};
      const { files, leftOut } = await walk(${JSON.stringify(root)}, { oneFileSystem: ${oneFileSystem} });
      console.log(JSON.stringify([files.map(({ path }) => path), leftOut['other-device']]));`;
    const command =
      'mount -t tmpfs none "$0/m" && touch "$0/m/on-tmpfs" && exec "$1" --input-type=module -e "$2"';
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['--mount', 'sh', '-c', command, root, process.execPath, program],
      { encoding: 'utf8' },
    );
    expect([stdout, stderr]).toEqual([`${JSON.stringify([expected, otherDevice])}\n`, '']);
  });
});

describe('walk of a tree that somebody changes all the time', () => {
  it('ends, and holds every file that stayed', async () => {
    const stay = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`d${i % 6}/stay${i}`, '']));
    const root = await make(stay);
    let changes = 0;
    const timer = setInterval(() => {
      const directory = join(root, `d${changes % 6}/come${changes % 13}`);
      rmSync(directory, { recursive: true, force: true });
      if (changes++ % 4 === 0) return;
      mkdirSync(join(directory, 'deep'), { recursive: true });
      writeFileSync(join(directory, 'deep/f'), '');
      symlinkSync('/etc', join(directory, 'link'));
    }, 0);
    onTestFinished(() => {
      clearInterval(timer);
    });
    while (changes < 120) {
      const walked = await walk(root, { threads: 1 });
      // One that is another each time it is looked at is a problem, in the end.
      expect(walked.problems.filter(({ path }) => !/^d\d\/come\d+/.test(path))).toEqual([]);
      expect(paths(walked)).toEqual(expect.arrayContaining(Object.keys(stay)));
      for (const path of paths(walked)) expect(path).toMatch(/^d\d\/(stay\d+|come\d+\/deep\/f)$/);
    }
  });
});
