import { describe, expect, it } from 'vitest';
import {
  directory,
  FakeCalls,
  file,
  link,
  special,
  systemError,
  type FakeNode,
} from '../../../test/support/fake-tree.js';
import {
  atCall,
  childOf,
  pathsIn,
  problemsOf,
  sample,
  listed,
  treeOf,
} from '../../../test/support/tree-scans.js';
import type { EnteredDirectory, IgnoreRules, Problem } from '../types.js';
import type { ScanEngine } from './engine.js';
import { Details, DIRECTORY, ReplyWriter } from './reply.js';
import type { DirectoryToScan } from './engine.js';
import {
  countLeftOut,
  directoriesOf,
  noneLeftOut,
  Tree,
  type DirectoryNode,
  type TreeOptions,
} from './tree.js';

describe('Tree', () => {
  it('lists every directory once, and gives the files in path order', async () => {
    const calls = new FakeCalls(sample());
    const tree = await listed(calls);
    expect(pathsIn(tree)).toEqual(['a', 'p/d/e/g', 'p/d/f', 'p/x', 'q/h']);
    expect(problemsOf(tree)).toEqual([]);
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
    const tree = await listed(calls, { ignore });
    const counts = countLeftOut(directoriesOf(tree.top));
    expect(pathsIn(tree)).toEqual(['p/x', 'q/h']);
    expect(counts).toEqual({ ...noneLeftOut(), ignored: 2 });
    expect(asked.sort()).toEqual(['a', 'p/', 'p/d/', 'p/x', 'q/', 'q/h']);
    expect(calls.log.some((call) => call.includes('p/d/'))).toBe(false);
  });

  it('leaves out an entry that cannot be statted where a rule ignores it, file or directory', async () => {
    const calls = new FakeCalls(directory({ secret: file(), open: file() }));
    calls.before = (call, path) => {
      if (call === 'lstat' && path !== '') throw systemError('EACCES', 'lstat');
    };
    const tree = await listed(calls, { ignore: { ignores: (path) => path === 'secret' } });
    const counts = countLeftOut(directoriesOf(tree.top));
    expect(problemsOf(tree)).toMatchObject([{ path: 'open', code: 'EACCES' }]);
    expect(counts.ignored).toBe(1);
  });

  it('keeps the problem of an entry that is ignored only if it is a directory', async () => {
    const calls = new FakeCalls(directory({ secret: file() }));
    calls.before = (call, path) => {
      if (call === 'lstat' && path !== '') throw systemError('EACCES', 'lstat');
    };
    const tree = await listed(calls, { ignore: { ignores: (_, isDirectory) => isDirectory } });
    expect(problemsOf(tree)).toMatchObject([{ path: 'secret', code: 'EACCES' }]);
  });

  it('stays on the device of the root where asked, and does not list the others', async () => {
    const root = sample();
    childOf(root, 'p', 'd').dev = 2n;
    const calls = new FakeCalls(root);
    const tree = await listed(calls, { oneFileSystem: true });
    const counts = countLeftOut(directoriesOf(tree.top));
    expect(pathsIn(tree)).toEqual(['a', 'p/x', 'q/h']);
    expect(counts).toEqual({ ...noneLeftOut(), 'other-device': 1 });
    expect(pathsIn(await listed(new FakeCalls(root)))).toContain('p/d/f');
  });

  it('keeps a file that is on another device than the root', async () => {
    const root = sample();
    childOf(root, 'p', 'x').dev = 2n;
    for (const ignore of [undefined, { ignores: () => false }]) {
      const tree = await listed(new FakeCalls(root), { oneFileSystem: true, ignore });
      expect(pathsIn(tree)).toContain('p/x');
    }
  });

  it('goes on where a directory cannot be listed', async () => {
    const calls = new FakeCalls(sample());
    calls.before = (call, path) => {
      if (call === 'names' && path === 'p/d') throw systemError('EACCES', 'scandir');
    };
    const tree = await listed(calls);
    expect(pathsIn(tree)).toEqual(['a', 'p/x', 'q/h']);
    expect(problemsOf(tree)).toMatchObject([{ path: 'p/d', kind: 'unreadable', operation: 'readdir' }]);
  });

  it('does not take an unreadable root for an empty one', async () => {
    const calls = new FakeCalls(sample());
    calls.before = () => {
      throw systemError('EACCES', 'scandir');
    };
    const tree = await listed(calls);
    expect(tree.top.listing).toBeUndefined();
    expect(problemsOf(tree)).toMatchObject([{ path: '', kind: 'unreadable', code: 'EACCES' }]);
  });

  it('tells of each directory when it is listed', async () => {
    const told: string[] = [];
    await listed(new FakeCalls(sample()), { onListed: ({ path }) => void told.push(path) });
    expect(told.sort()).toEqual(['', 'p', 'p/d', 'p/d/e', 'q']);
  });
});

describe('Tree of one directory', () => {
  function partOf(calls: FakeCalls, part: FakeNode, options: Partial<TreeOptions<string>> = {}) {
    return treeOf(calls, { path: 'p/q', identity: { dev: part.dev, ino: part.ino }, ...options });
  }

  it('lists what is in it by paths from the root, and nothing else', async () => {
    const part = directory({ f: file(), d: directory({ g: file() }) });
    const calls = new FakeCalls(directory({ a: file(), p: directory({ q: part, z: file() }) }));
    const tree = partOf(calls, part);
    await tree.list();
    expect(pathsIn(tree)).toEqual(['p/q/d/g', 'p/q/f']);
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
    const tree = partOf(calls, part);
    const instead = make();
    const [holder, name] = at === 'p' ? [calls.root, 'p'] : [above, 'q'];
    if (instead) holder.children.set(name, instead);
    else holder.children.delete(name);
    await tree.list();
    expect(pathsIn(tree)).toEqual([]);
    expect(problemsOf(tree)).toMatchObject([{ path: 'p/q', operation: 'readdir' }]);
  });
});

describe('Tree, with rules that are kept in the tree', () => {
  /** Leaves out `f` below each directory that was entered, and keeps count. */
  function rulesInTree(trouble: readonly Problem[] = []) {
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
    const tree = await listed(new FakeCalls(sample()), { ignore });
    expect(ignore.entered.sort()).toEqual(['', 'p', 'p/d', 'p/d/e', 'q']);
    expect(pathsIn(tree)).toEqual(['a', 'p/d/e/g', 'p/x', 'q/h']);
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
    const tree = await listed(calls, { ignore });
    expect(ignore.entered.filter((path) => path === 'p/d')).toEqual(['p/d']);
    expect(pathsIn(tree)).toEqual(['a', 'p/d/n', 'p/x', 'q/h']);
  });

  it('takes what is wrong with them for a problem, and not for a file as well', async () => {
    const trouble: Problem = {
      path: 'p/x',
      kind: 'io-error',
      operation: 'read',
      code: 'EIO',
      message: '',
    };
    const tree = await listed(new FakeCalls(sample()), { ignore: rulesInTree([trouble]) });
    expect(problemsOf(tree)).toEqual([trouble]);
    expect(pathsIn(tree)).toEqual(['a', 'p/d/e/g', 'q/h']);
  });
});

describe('Tree.relist', () => {
  it('has a directory listed again: what came is there, what went is not, the rest stays as it was', async () => {
    const calls = new FakeCalls(sample());
    const tree = await listed(calls);
    const d = childOf(calls.root, 'p', 'd');
    d.children.delete('f');
    d.children.set('n', directory({ m: file() }));
    d.children.set('pipe', special('fifo'));
    const node = nodeAt(tree, 'p/d');
    const e = nodeAt(tree, 'p/d/e');
    calls.log.length = 0;
    tree.relist(node);
    await tree.list();
    expect(pathsIn(tree)).toEqual(['a', 'p/d/e/g', 'p/d/n/m', 'p/x', 'q/h']);
    expect(nodeAt(tree, 'p/d/e')).toBe(e);
    expect(calls.log.filter((call) => call.startsWith('names'))).toEqual(['names p/d', 'names p/d/n']);
  });

  it('lists the one above where the directory was replaced, and so on up', async () => {
    const calls = new FakeCalls(sample());
    const tree = await listed(calls);
    const node = nodeAt(tree, 'p/d');
    calls.root.children.set('p', directory({ d: directory({ n: file() }) }));
    tree.relist(node);
    await tree.list();
    expect(pathsIn(tree)).toEqual(['a', 'p/d/n', 'q/h']);
    expect(node.state).toBe('detached');
    tree.relist(node);
    calls.log.length = 0;
    await tree.list();
    expect(calls.log).toEqual([]);
  });

  it('may be asked for any number of times', async () => {
    const calls = new FakeCalls(sample());
    const tree = await listed(calls);
    for (let i = 0; i < 50; i++) {
      childOf(calls.root, 'q').children.set(`n${i}`, file());
      tree.relist(nodeAt(tree, 'q'));
      await tree.list();
    }
    expect(problemsOf(tree)).toEqual([]);
  });
});

describe('Tree.list', () => {
  it('rejects with the reason of the signal, and asks for nothing more', async () => {
    const controller = new AbortController();
    const calls = new FakeCalls(sample());
    atCall(calls, 3, () => {
      controller.abort(new Error('enough'));
    });
    await expect(listed(calls, { signal: controller.signal })).rejects.toThrow('enough');
    const made = calls.log.length;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(calls.log).toHaveLength(made);
  });

  it('rejects as the engine does, once nothing is under way', async () => {
    let underWay = 0;
    const engine: ScanEngine = {
      capacity: 3,
      batchSize: () => 1,
      scan: async ([first]) => {
        if (first?.path === '') return replyOf(['a', 'b', 'c']);
        underWay++;
        await new Promise((resolve) => setTimeout(resolve, first?.path === 'b' ? 1 : 10));
        underWay--;
        throw new Error(`lost ${first?.path ?? ''}`);
      },
    };
    await expect(treeOf(new FakeCalls(directory()), { engine }).list()).rejects.toThrow('lost b');
    expect(underWay).toBe(0);
  });

  it('rejects where a reply does not have a record for each directory', async () => {
    const engine = engineWith(() => new Uint8Array());
    await expect(treeOf(new FakeCalls(directory()), { engine }).list()).rejects.toThrow(RangeError);
  });
});

describe('Tree.isMissing', () => {
  it('tells nothing from something, by any path', () => {
    const tree = treeOf(new FakeCalls(sample()));
    const paths = ['p', 'p/d/f', 'p/none', 'none/x', 'a/x'];
    expect(paths.map((path) => tree.isMissing(path))).toEqual([false, false, true, true, true]);
  });

  it('takes no failure for absence', () => {
    const calls = new FakeCalls(sample());
    calls.before = () => {
      throw systemError('EIO', 'lstat');
    };
    expect(treeOf(calls).isMissing('p')).toBe(false);
  });
});

describe('The state of a directory', () => {
  it('is waiting, then listing, then listed', async () => {
    const calls = new FakeCalls(directory({ a: file() }));
    const tree = treeOf(calls);
    const states = [tree.top.state];
    calls.before = () => states.push(tree.top.state);
    await tree.list();
    states.push(tree.top.state);
    expect(states).toEqual(['waiting', 'listing', 'listing', 'listing', 'listed']);
  });

  it('is waiting again from when it is put in line, once, and what was listed is kept', async () => {
    const calls = new FakeCalls(sample());
    const tree = await listed(calls);
    const node = nodeAt(tree, 'q');
    const { listing } = node;
    tree.relist(node);
    tree.relist(node);
    expect([node.state, node.relists, node.listing]).toEqual(['waiting', 1, listing]);
    calls.log.length = 0;
    await tree.list();
    expect(node.state).toBe('listed');
    expect(node.listing).not.toBe(listing);
    expect(calls.log.filter((call) => call === 'names q')).toHaveLength(1);
  });

  it('is failed where it cannot be listed, and listed once it can, without its problem', async () => {
    const calls = new FakeCalls(sample());
    calls.before = (call, path) => {
      if (call === 'names' && path === 'q') throw systemError('EACCES', 'scandir');
    };
    const tree = await listed(calls);
    const node = nodeAt(tree, 'q');
    expect([node.state, node.listing, node.problems.length]).toEqual(['failed', undefined, 1]);
    calls.before = () => undefined;
    tree.relist(node);
    await tree.list();
    expect([node.state, node.problems]).toEqual(['listed', []]);
    expect(pathsIn(tree)).toContain('q/h');
  });

  it('is tried again when the one above is, where it failed, as often as any name', async () => {
    const calls = new FakeCalls(sample());
    calls.before = (call, path) => {
      if (call === 'names' && path === 'q') throw systemError('EACCES', 'scandir');
    };
    const tree = await listed(calls);
    const node = nodeAt(tree, 'q');
    for (let i = 0; i < 6; i++) {
      tree.relist(tree.top);
      await tree.list();
    }
    expect(nodeAt(tree, 'q')).toBe(node);
    expect(node).toMatchObject({ state: 'failed', attempts: 4, problems: [{ code: 'EACCES' }] });
    expect(calls.log.filter((call) => call === 'names q')).toHaveLength(4);
    expect(nodeAt(tree, 'p').attempts).toBe(1);
  });

  it('is detached, with all below it, where another has its name, and where nothing has', async () => {
    for (const other of [directory(), undefined]) {
      const calls = new FakeCalls(sample());
      const tree = await listed(calls);
      const nodes = ['p', 'p/d', 'p/d/e'].map((path) => nodeAt(tree, path));
      if (other) calls.root.children.set('p', other);
      else calls.root.children.delete('p');
      tree.relist(tree.top);
      await tree.list();
      expect(nodes.map(({ state }) => state)).toEqual(['detached', 'detached', 'detached']);
      expect([...tree.top.children.keys()]).toEqual(other ? ['p', 'q'] : ['q']);
    }
  });

  it('is detached where a rule leaves it out by now', async () => {
    let ignored = '';
    const tree = await listed(new FakeCalls(sample()), { ignore: { ignores: (path) => path === ignored } });
    const node = nodeAt(tree, 'p/d');
    ignored = 'p';
    tree.relist(tree.top);
    await tree.list();
    expect(node.state).toBe('detached');
    expect(pathsIn(tree)).toEqual(['a', 'q/h']);
  });

  it('stays detached: what waits is not listed, and what was under way does not count', async () => {
    const told: string[] = [];
    const calls = new FakeCalls(sample());
    const tree = await listed(calls, { onListed: ({ path }) => void told.push(path) });
    const [waiting, underWay] = [nodeAt(tree, 'p/d'), nodeAt(tree, 'q')];
    tree.relist(waiting);
    waiting.detach();
    tree.relist(underWay);
    told.length = 0;
    calls.log.length = 0;
    calls.before = (call, path) => {
      if (call === 'names' && path === 'q') underWay.detach();
    };
    await tree.list();
    expect([told, waiting.state, underWay.state]).toEqual([[], 'detached', 'detached']);
    expect(calls.log).not.toContain('names p/d');
  });

  it('is failed where the top was replaced, with a problem', async () => {
    const calls = new FakeCalls(sample());
    const tree = await listed(calls);
    calls.root = directory();
    tree.relist(nodeAt(tree, 'q'));
    expect(tree.top).toMatchObject({ state: 'failed', problems: [{ path: '', kind: 'torn' }] });
  });

  it('is waiting where it is too large for this thread, and is given again, alone', async () => {
    const asked: [string[], boolean][] = [];
    const engine: ScanEngine = {
      capacity: 1,
      batchSize: (waiting) => waiting,
      scan: (directories, { large = false }) => {
        asked.push([directories.map(({ path }) => path), large]);
        if (directories[0]?.path === '') return Promise.resolve(replyOf(['a', 'b']));
        const reply = new ReplyWriter();
        directories.forEach(() => {
          if (large) addListed(reply, []);
          else reply.addUnlisted('too-large');
        });
        return Promise.resolve(reply.take());
      },
    };
    const tree = treeOf(new FakeCalls(directory()), { engine });
    await tree.list();
    expect(asked).toEqual([
      [[''], false],
      [['a', 'b'], false],
      [['b'], true],
      [['a'], true],
    ]);
    expect([...directoriesOf(tree.top)].map(({ state }) => state)).toEqual(['listed', 'listed', 'listed']);
  });

  it('asks for all stats where a directory is listed again, and where its owner says so', async () => {
    const asked: [string[], boolean | undefined][] = [];
    let isNeeded = false;
    const engine: ScanEngine = {
      capacity: 1,
      batchSize: (waiting) => waiting,
      scan: (directories, { allDetails }) => {
        asked.push([directories.map(({ path }) => path), allDetails]);
        return Promise.resolve(replyOf(directories[0]?.path === '' ? ['a'] : []));
      },
    };
    const tree = treeOf(new FakeCalls(directory({ a: directory() })), {
      engine,
      allDetails: () => isNeeded,
    });
    await tree.list();
    tree.relist(tree.top);
    await tree.list();
    tree.top.listing = undefined;
    isNeeded = true;
    tree.relist(tree.top);
    await tree.list();
    expect(asked).toEqual([
      [[''], false],
      [['a'], false],
      [[''], true],
      [[''], true],
    ]);
  });

  it('is listed again no more than 32 times for the sake of what moves in it', async () => {
    const calls = new FakeCalls(sample());
    const tree = await listed(calls);
    calls.log.length = 0;
    for (let i = 0; i < 40; i++) {
      tree.relist(nodeAt(tree, 'q'));
      await tree.list();
    }
    expect(calls.log.filter((call) => call === 'names q')).toHaveLength(32);
    expect(nodeAt(tree, 'q')).toMatchObject({ state: 'listed', relists: 32, problems: [] });
  });

  it('is removed where it is gone, and torn where it is another, once the one above may not be listed again', async () => {
    for (const other of [undefined, directory()]) {
      const calls = new FakeCalls(sample());
      const tree = await listed(calls);
      tree.top.relists = 32;
      const node = nodeAt(tree, 'p');
      if (other) calls.root.children.set('p', other);
      else calls.root.children.delete('p');
      tree.relist(node);
      expect(node.state).toBe(other ? 'failed' : 'detached');
      expect(problemsOf(tree)).toMatchObject(other ? [{ path: 'p', kind: 'torn' }] : []);
      expect(tree.top.children.has('p')).toBe(other !== undefined);
    }
  });
});

function nodeAt(tree: Tree<string>, path: string): DirectoryNode<string> {
  for (const node of directoriesOf(tree.top)) if (node.path === path) return node;
  throw new Error(`There is no ${path}`);
}

function engineWith(scan: (directories: readonly DirectoryToScan[]) => Uint8Array): ScanEngine {
  return { capacity: 1, batchSize: (waiting) => waiting, scan: (all) => Promise.resolve(scan(all)) };
}

/** Returns the reply for one directory, in which there are others. */
function replyOf(names: readonly string[]): Uint8Array {
  const reply = new ReplyWriter();
  addListed(reply, names);
  return reply.take();
}

function addListed(reply: ReplyWriter, names: readonly string[]): void {
  const details = new Details();
  for (const [i] of names.entries())
    details.add({ dev: 1n, ino: BigInt(i), size: 0n, mtimeNs: 0n, ctimeNs: 0n });
  const kinds = names.map(() => DIRECTORY);
  reply.addListed({ names, kinds, details: details.words, order: undefined, skipped: [] });
}
