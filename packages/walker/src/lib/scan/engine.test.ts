import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { directory, FakeCalls, file, systemError } from '../../../test/support/fake-tree.js';
import { show } from '../../../test/support/listings.js';
import { ThreadPool } from '../pool/thread-pool.js';
import type { DirectoryToScan } from './engine.js';
import { TypeScriptScanEngine, type ScanTask } from './engine.js';
import { listingsIn } from './reply.js';

/** A pool of at most two threads that starts none: it answers each task with the same, and tells what it was asked. */
class FakePool extends ThreadPool {
  isOnline = false;
  /** Threads that were asked for, each time. */
  readonly counts: (number | undefined)[] = [];
  readonly tasks: ScanTask[] = [];
  /** Holds answers back until it is called. */
  release: () => void = () => undefined;
  held: Promise<void> = Promise.resolve();

  constructor() {
    super(() => new URL('none:'), 2);
  }

  override get online(): boolean {
    return this.isOnline;
  }

  override start(count?: number): void {
    this.counts.push(count);
  }

  hold(): void {
    this.held = new Promise((resolve) => (this.release = resolve));
  }

  override async run<Reply>(task: unknown): Promise<Reply> {
    this.tasks.push(task as ScanTask);
    await this.held;
    return new Uint8Array() as Reply;
  }
}

function treeOf(files: number): FakeCalls {
  return new FakeCalls(
    directory(Object.fromEntries(Array.from({ length: files }, (_, i) => [`f${i}`, file()]))),
  );
}

const engineOf = (calls: FakeCalls, pool?: FakePool) =>
  new TypeScriptScanEngine({ root: '/root', calls, pool });

/** Returns the directories with these names, or the root. */
function directoriesIn({ root }: FakeCalls, names: readonly string[] = ['']): DirectoryToScan[] {
  return names.map((path) => {
    const { dev, ino } = root.children.get(path) ?? root;
    return { path, dev, ino, slice: { from: 0, to: 0 } };
  });
}

/** Has an engine list the root, and returns how many entries each directory of the reply has. */
async function countsOf(engine: TypeScriptScanEngine, calls: FakeCalls): Promise<number[]> {
  return Array.from(listingsIn(await engine.scan(directoriesIn(calls), {})), ({ length }) => length);
}

/** Has no turn take any time: the machine may be busy. */
function stopTheClock(): void {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => {
    clock.mockRestore();
  });
}

describe('TypeScriptScanEngine', () => {
  it('lists on this thread while the tree is small, and starts none', async () => {
    const calls = treeOf(400);
    const pool = new FakePool();
    const engine = engineOf(calls, pool);
    stopTheClock();
    for (let i = 0; i < 2; i++) expect(await countsOf(engine, calls)).toEqual([400]);
    expect([pool.counts, pool.tasks]).toEqual([[], []]);
    expect([engine.capacity, engine.batchSize(1000)]).toEqual([1, 8]);
  });

  it('starts threads beside this one once the tree is large, and lists here until they run', async () => {
    const calls = treeOf(400);
    const pool = new FakePool();
    const engine = engineOf(calls, pool);
    stopTheClock();
    for (let i = 0; i < 4; i++) await engine.scan(directoriesIn(calls), {});
    expect(new Set(pool.counts)).toEqual(new Set([1]));
    expect(pool.tasks).toEqual([]);
    pool.isOnline = true;
    await engine.scan(directoriesIn(calls), {});
    expect(pool.tasks).toHaveLength(1);
    expect(engine.capacity).toBe(5);
    expect([engine.batchSize(1), engine.batchSize(80), engine.batchSize(100_000)]).toEqual([1, 8, 32]);
  });

  it('lists on this thread too while the others have enough to do', async () => {
    const calls = treeOf(3);
    const pool = new FakePool();
    pool.isOnline = true;
    pool.hold();
    const engine = engineOf(calls, pool);
    stopTheClock();
    const sent = Array.from({ length: 4 }, () => engine.scan(directoriesIn(calls), {}));
    expect(engine.batchSize(100_000)).toBe(8);
    expect(await countsOf(engine, calls)).toEqual([3]);
    expect(pool.tasks).toHaveLength(4);
    pool.release();
    await Promise.all(sent);
    await engine.scan(directoriesIn(calls), {});
    expect(pool.tasks).toHaveLength(5);
  });

  it('leaves the work to the threads, all of them, once the system makes this one wait', async () => {
    const calls = treeOf(3);
    const pool = new FakePool();
    const engine = engineOf(calls, pool);
    calls.before = (call) => {
      const until = performance.now() + 30;
      while (call === 'names' && performance.now() < until);
    };
    await engine.scan(directoriesIn(calls), {});
    expect(pool.counts).toEqual([undefined]);
    pool.isOnline = true;
    pool.hold();
    const sent = Array.from({ length: 6 }, () => engine.scan(directoriesIn(calls), {}));
    expect(pool.tasks).toHaveLength(6);
    expect(engine.capacity).toBe(4);
    pool.release();
    await Promise.all(sent);
  });

  it('calls a large directory too large, lists nothing of it, and leaves it to the threads when given as such', async () => {
    const calls = treeOf(501);
    const pool = new FakePool();
    const engine = engineOf(calls, pool);
    const [listing] = listingsIn(await engine.scan(directoriesIn(calls), {}));
    expect(listing?.outcome).toBe('too-large');
    expect(calls.log).toEqual(['names ']);
    await engine.scan(directoriesIn(calls), { large: true });
    expect(pool.tasks).toHaveLength(1);
    expect(calls.log).toEqual(['names ']);
  });

  it('lists a large directory here where there are no threads', async () => {
    const calls = treeOf(501);
    expect(await countsOf(engineOf(calls), calls)).toEqual([501]);
  });

  it('hands a worker what it needs to list, and nothing of the tree', async () => {
    const calls = treeOf(3);
    const pool = new FakePool();
    pool.isOnline = true;
    const engine = new TypeScriptScanEngine({ root: '/root', calls, pool, data: 'lines' });
    const [top] = directoriesIn(calls);
    const node = Object.assign(new Map([['a', 'child']]), top);
    await engine.scan([node], {});
    const task = { kind: 'scan', root: '/root', directories: [top], data: 'lines' };
    expect(pool.tasks).toEqual([{ ...task, allDetails: false }]);
    await engine.scan([node], { allDetails: true });
    expect(pool.tasks.at(-1)).toEqual({ ...task, allDetails: true });
  });

  it('has a record for each directory, in their order, also where one fails', async () => {
    const calls = new FakeCalls(directory({ a: directory(), b: directory({ x: file() }), c: directory() }));
    calls.before = (call, path) => {
      if (call === 'names' && path === 'c') throw systemError('EIO', 'scandir');
    };
    const reply = await engineOf(calls).scan(directoriesIn(calls, ['c', 'b', 'a']), {});
    const [c, b, a] = Array.from(listingsIn(reply), (listing, i) => show(listing, ['c', 'b', 'a'][i] ?? ''));
    expect(c).toMatchObject({ outcome: 'failed', problems: [{ path: 'c', code: 'EIO' }] });
    expect(b).toMatchObject({ outcome: 'listed', names: ['x'] });
    expect(a).toMatchObject({ outcome: 'listed', names: [] });
  });

  it('stops between two directories when aborted', async () => {
    const calls = new FakeCalls(directory({ a: directory(), b: directory() }));
    const controller = new AbortController();
    calls.before = () => {
      controller.abort(new Error('enough'));
    };
    const directories = directoriesIn(calls, ['a', 'b']);
    const { signal } = controller;
    await expect(engineOf(calls).scan(directories, { signal })).rejects.toThrow('enough');
    expect(calls.log).not.toContain('names b');
  });
});
