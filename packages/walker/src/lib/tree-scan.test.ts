import { describe, expect, it } from 'vitest';
import {
  directory,
  FakeCalls,
  file,
  link,
  special,
  systemError,
  type FakeNode,
} from '../../test/support/fake-tree.js';
import {
  atCall,
  childOf,
  pathsIn,
  problemsOf,
  sample,
  scanned,
  scanOf,
} from '../../test/support/tree-scans.js';
import { countLeftOut, directoriesOf } from './directory-node.js';
import { noneLeftOut } from './kinds.js';
import type { ScanReply, ScanTask } from './scan-batch.js';
import type { ListedName } from './scan-calls.js';
import type { ScanExecutor } from './scan-executor.js';
import { TreeScan, type TreeScanOptions } from './tree-scan.js';
import type { EnteredDirectory, IgnoreRules, WalkProblem } from './types.js';

describe('TreeScan', () => {
  it('lists every directory once, and gives the files in path order', async () => {
    const calls = new FakeCalls(sample());
    const scan = await scanned(calls);
    expect(pathsIn(scan)).toEqual(['a', 'p/d/e/g', 'p/d/f', 'p/x', 'q/h']);
    expect(problemsOf(scan)).toEqual([]);
    expect(calls.log.filter((call) => call.startsWith('names'))).toHaveLength(5);
  });

  it('leaves out what a rule ignores, and never asks about what is below', async () => {
    const asked: string[] = [];
    const ignore = {
      ignores(path: string, isDirectory: boolean) {
        asked.push(isDirectory ? `${path}/` : path);
        return path === 'p/d' || path === 'a';
      },
    };
    const calls = new FakeCalls(sample());
    const scan = await scanned(calls, { ignore });
    const counts = noneLeftOut();
    countLeftOut(scan.root, counts);
    expect(pathsIn(scan)).toEqual(['p/x', 'q/h']);
    expect(counts).toEqual({ ...noneLeftOut(), ignored: 2 });
    expect(asked.sort()).toEqual(['a', 'p/', 'p/d/', 'p/x', 'q/', 'q/h']);
    expect(calls.log.some((call) => call.includes('p/d/'))).toBe(false);
  });

  it('leaves out an entry that cannot be statted where a rule ignores it, file or directory', async () => {
    const calls = new FakeCalls(directory({ secret: file(), open: file() }));
    calls.before = (call, path) => {
      if (call === 'lstat' && path !== '') throw systemError('EACCES', 'lstat');
    };
    const scan = await scanned(calls, { ignore: { ignores: (path) => path === 'secret' } });
    const counts = noneLeftOut();
    countLeftOut(scan.root, counts);
    expect(problemsOf(scan)).toMatchObject([{ path: 'open', code: 'EACCES' }]);
    expect(counts.ignored).toBe(1);
  });

  it.each([
    ['directories are ignored, and it is listed as one', true, 'directory', []],
    ['directories are ignored, and it is listed as a file', true, 'file', ['mnt']],
    ['directories are ignored, and nothing tells what it is', true, undefined, ['mnt']],
    ['files are ignored, and it is listed as a directory', false, 'directory', ['mnt']],
    ['files are ignored, and it is listed as a file', false, 'file', []],
  ] as const)(
    'judges an entry that cannot be statted by its listing: %s',
    async (_, ignored, listed, problems) => {
      const calls = new FakeCalls(directory({ mnt: directory({ f: file() }) }));
      calls.before = (call, path) => {
        if (call === 'lstat' && path !== '') throw systemError('ENOTCONN', 'lstat');
      };
      const dirents = () => {
        const entry: ListedName = { name: Buffer.from('mnt'), isDirectory: () => listed === 'directory' };
        return listed === undefined ? [] : [entry];
      };
      const ignore: IgnoreRules = {
        ignores: (path, isDirectory) => path === 'mnt' && isDirectory === ignored,
      };
      const scan = await scanned(Object.assign(calls, { dirents }), { ignore });
      expect(problemsOf(scan).map(({ path }) => path)).toEqual(problems);
      const counts = noneLeftOut();
      countLeftOut(scan.root, counts);
      expect(counts.ignored).toBe(problems.length === 0 ? 1 : 0);
    },
  );

  it('stays on the device of the root where asked, and does not list the others', async () => {
    const root = sample();
    childOf(root, 'p', 'd').dev = 2n;
    const calls = new FakeCalls(root);
    const scan = await scanned(calls, { oneFileSystem: true });
    const counts = noneLeftOut();
    countLeftOut(scan.root, counts);
    expect(pathsIn(scan)).toEqual(['a', 'p/x', 'q/h']);
    expect(counts).toEqual({ ...noneLeftOut(), 'other-device': 1 });
    expect(pathsIn(await scanned(new FakeCalls(root)))).toContain('p/d/f');
  });

  it('keeps a file that is on another device than the root', async () => {
    const root = sample();
    childOf(root, 'p', 'x').dev = 2n;
    for (const ignore of [undefined, { ignores: () => false }]) {
      const scan = await scanned(new FakeCalls(root), { oneFileSystem: true, ignore });
      expect(pathsIn(scan)).toContain('p/x');
    }
  });

  it('goes on where a directory cannot be listed', async () => {
    const calls = new FakeCalls(sample());
    calls.before = (call, path) => {
      if (call === 'names' && path === 'p/d') throw systemError('EACCES', 'scandir');
    };
    const scan = await scanned(calls);
    expect(pathsIn(scan)).toEqual(['a', 'p/x', 'q/h']);
    expect(problemsOf(scan)).toMatchObject([{ path: 'p/d', kind: 'unreadable', operation: 'readdir' }]);
  });

  it('does not take an unreadable root for an empty one', async () => {
    const calls = new FakeCalls(sample());
    calls.before = () => {
      throw systemError('EACCES', 'scandir');
    };
    const scan = await scanned(calls);
    expect(scan.root.listing).toBeUndefined();
    expect(problemsOf(scan)).toMatchObject([{ path: '', kind: 'unreadable', code: 'EACCES' }]);
  });

  it('tells of each directory when it is listed', async () => {
    const listed: string[] = [];
    await scanned(new FakeCalls(sample()), { onListed: ({ path }) => void listed.push(path) });
    expect(listed.sort()).toEqual(['', 'p', 'p/d', 'p/d/e', 'q']);
  });
});

describe('TreeScan of one directory', () => {
  function partOf(calls: FakeCalls, part: FakeNode, options: Partial<TreeScanOptions<string>> = {}) {
    return scanOf(calls, { path: 'p/q', identity: { dev: part.dev, ino: part.ino }, ...options });
  }

  it('lists what is in it by paths from the root, and nothing else', async () => {
    const part = directory({ f: file(), d: directory({ g: file() }) });
    const calls = new FakeCalls(directory({ a: file(), p: directory({ q: part, z: file() }) }));
    const scan = partOf(calls, part);
    await scan.drain();
    expect(pathsIn(scan)).toEqual(['p/q/d/g', 'p/q/f']);
    expect(calls.log.every((call) => / p\/q(\/|$)/.test(call))).toBe(true);
  });

  it.each([
    ['a link to another directory', 'p/q', () => link(directory({ outside: file() }))],
    ['another directory', 'p/q', () => directory({ other: file() })],
    ['nothing', 'p/q', () => undefined],
    ['a link above it', 'p', () => link(directory({ q: directory({ outside: file() }) }))],
  ])('lists nothing, and says so, where %s has taken its place', async (_, at, make) => {
    const part = directory({ f: file() });
    const above = directory({ q: part });
    const calls = new FakeCalls(directory({ p: above }));
    const scan = partOf(calls, part);
    const instead = make();
    const [holder, name] = at === 'p' ? [calls.root, 'p'] : [above, 'q'];
    if (instead) holder.children.set(name, instead);
    else holder.children.delete(name);
    await scan.drain();
    expect(pathsIn(scan)).toEqual([]);
    expect(problemsOf(scan)).toMatchObject([{ path: 'p/q', operation: 'readdir' }]);
  });
});

describe('TreeScan, with rules that are kept in the tree', () => {
  /** Leaves out `f` below each directory that was entered, and keeps count. */
  function rulesInTree(trouble: readonly WalkProblem[] = []) {
    const entered: string[] = [];
    const rulesAt = (at?: string): IgnoreRules => ({
      ignores: (path: string) => path === `${at ?? '?'}/f`,
      enter: async ({ path, mayHold }: EnteredDirectory) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        entered.push(path);
        expect(mayHold('f')).toBe(path === 'p/d');
        const above = path === '' ? undefined : path.slice(0, Math.max(0, path.lastIndexOf('/')));
        expect(at).toBe(above);
        return { rules: rulesAt(path), problems: path === 'p' ? trouble : [] };
      },
    });
    return { entered, ...rulesAt() };
  }

  it('shows them each directory before they are asked about what is in it', async () => {
    const ignore = rulesInTree();
    const scan = await scanned(new FakeCalls(sample()), { ignore });
    expect(ignore.entered.sort()).toEqual(['', 'p', 'p/d', 'p/d/e', 'q']);
    expect(pathsIn(scan)).toEqual(['a', 'p/d/e/g', 'p/x', 'q/h']);
  });

  it('does not show them a directory that turns out to be another one', async () => {
    const calls = new FakeCalls(sample());
    let replaced = false;
    calls.before = (call, path) => {
      if (call !== 'names' || path !== 'p/d' || replaced) return;
      replaced = true;
      childOf(calls.root, 'p').children.set('d', directory({ f: file(), n: file() }));
    };
    const ignore = rulesInTree();
    const scan = await scanned(calls, { ignore });
    expect(ignore.entered.filter((path) => path === 'p/d')).toEqual(['p/d']);
    expect(pathsIn(scan)).toEqual(['a', 'p/d/n', 'p/x', 'q/h']);
  });

  it('takes what is wrong with them for a problem, and not for a file as well', async () => {
    const trouble: WalkProblem = {
      path: 'p/x',
      kind: 'io-error',
      operation: 'read',
      code: 'EIO',
      message: '',
    };
    const scan = await scanned(new FakeCalls(sample()), { ignore: rulesInTree([trouble]) });
    expect(problemsOf(scan)).toEqual([trouble]);
    expect(pathsIn(scan)).toEqual(['a', 'p/d/e/g', 'q/h']);
  });
});

describe('TreeScan.refresh', () => {
  it('has a directory listed again: what came is there, what went is not, the rest stays as it was', async () => {
    const calls = new FakeCalls(sample());
    const scan = await scanned(calls);
    const d = childOf(calls.root, 'p', 'd');
    d.children.delete('f');
    d.children.set('n', directory({ m: file() }));
    d.children.set('pipe', special('fifo'));
    const node = nodeAt(scan, 'p/d');
    const e = nodeAt(scan, 'p/d/e');
    calls.log.length = 0;
    scan.refresh(node);
    await scan.drain();
    expect(pathsIn(scan)).toEqual(['a', 'p/d/e/g', 'p/d/n/m', 'p/x', 'q/h']);
    expect(nodeAt(scan, 'p/d/e')).toBe(e);
    expect(calls.log.filter((call) => call.startsWith('names'))).toEqual(['names p/d', 'names p/d/n']);
  });

  it('lists the one above where the directory was replaced, and so on up', async () => {
    const calls = new FakeCalls(sample());
    const scan = await scanned(calls);
    const node = nodeAt(scan, 'p/d');
    calls.root.children.set('p', directory({ d: directory({ n: file() }) }));
    scan.refresh(node);
    await scan.drain();
    expect(pathsIn(scan)).toEqual(['a', 'p/d/n', 'q/h']);
    expect(node.attached).toBe(false);
    scan.refresh(node);
    calls.log.length = 0;
    await scan.drain();
    expect(calls.log).toEqual([]);
  });

  it('may be asked for any number of times', async () => {
    const calls = new FakeCalls(sample());
    const scan = await scanned(calls);
    for (let i = 0; i < 50; i++) {
      childOf(calls.root, 'q').children.set(`n${i}`, file());
      scan.refresh(nodeAt(scan, 'q'));
      await scan.drain();
    }
    expect(problemsOf(scan)).toEqual([]);
  });
});

describe('TreeScan.drain', () => {
  it('rejects with the reason of the signal, and asks for nothing more', async () => {
    const controller = new AbortController();
    const calls = new FakeCalls(sample());
    atCall(calls, 3, () => {
      controller.abort(new Error('enough'));
    });
    await expect(scanned(calls, { signal: controller.signal })).rejects.toThrow('enough');
    const made = calls.log.length;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(calls.log).toHaveLength(made);
  });

  it('rejects as the executor does, once nothing is under way', async () => {
    let underWay = 0;
    const executor = {
      capacity: 3,
      batchSize: () => 1,
      scan: async ({ directories }: ScanTask): Promise<ScanReply> => {
        const [first] = directories;
        if (first?.path === '') return reply(['a', 'b', 'c']);
        underWay++;
        await new Promise((resolve) => setTimeout(resolve, first?.path === 'b' ? 1 : 10));
        underWay--;
        throw new Error(`lost ${first?.path ?? ''}`);
      },
    };
    const scan = new TreeScan({
      root: '/root',
      identity: { dev: 1n, ino: 1n },
      executor: executor as unknown as ScanExecutor,
    });
    await expect(scan.drain()).rejects.toThrow('lost b');
    expect(underWay).toBe(0);
  });
});

function nodeAt(scan: TreeScan<string>, path: string) {
  for (const node of directoriesOf(scan.root)) if (node.path === path) return node;
  throw new Error(`There is no ${path}`);
}

/** Three directories, as an executor would have listed them. */
function reply(names: string[]): ScanReply {
  const stats = new BigInt64Array(names.flatMap((_, index) => [1n, BigInt(index), 0n, 0n, 0n, 0n]));
  return { names, kinds: new Uint8Array(3).fill(1), stats, counts: [3], remarks: [] };
}
