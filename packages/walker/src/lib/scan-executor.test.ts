import { describe, expect, it } from 'vitest';
import { directory, FakeCalls, file, systemError } from '../../test/support/fake-tree.js';
import type { ScanMessage, ScanTask } from './scan-batch.js';
import { ScanExecutor } from './scan-executor.js';
import type { ThreadPool } from './thread-pool.js';

/** A pool that answers each task with the same, and tells what it was asked. */
class FakePool {
  online = false;
  starts = 0;
  /** Threads that were asked for, each time. */
  readonly counts: (number | undefined)[] = [];
  readonly size = 2;
  readonly capacity = 4;
  readonly tasks: ScanTask[] = [];
  /** Holds answers back until it is called. */
  release: () => void = () => undefined;
  held: Promise<void> = Promise.resolve();

  start(count?: number): void {
    this.starts++;
    this.counts.push(count);
  }

  hold(): void {
    this.held = new Promise((resolve) => (this.release = resolve));
  }

  async run(task: ScanTask): Promise<ScanMessage> {
    this.tasks.push(task);
    await this.held;
    const nothing = {
      names: '',
      kinds: new Uint8Array(),
      stats: new BigInt64Array(),
      counts: [],
      remarks: [],
    };
    return nothing;
  }

  get asPool(): ThreadPool {
    return this as unknown as ThreadPool;
  }
}

function treeOf(files: number): FakeCalls {
  return new FakeCalls(
    directory(Object.fromEntries(Array.from({ length: files }, (_, i) => [`f${i}`, file()]))),
  );
}

function taskOf({ root }: FakeCalls): ScanTask {
  return { kind: 'scan', root: '/root', directories: [{ path: '', dev: root.dev, ino: root.ino }] };
}

describe('ScanExecutor', () => {
  it('lists on this thread while the tree is small, and starts none', async () => {
    const calls = treeOf(400);
    const pool = new FakePool();
    const executor = new ScanExecutor(pool.asPool, calls);
    for (let i = 0; i < 2; i++) expect((await executor.scan(taskOf(calls))).counts).toEqual([400]);
    expect([pool.starts, pool.tasks]).toEqual([0, []]);
    expect([executor.capacity, executor.batchSize(1000)]).toEqual([1, 8]);
  });

  it('starts threads beside this one once the tree is large, and lists here until they run', async () => {
    const calls = treeOf(400);
    const pool = new FakePool();
    const executor = new ScanExecutor(pool.asPool, calls);
    for (let i = 0; i < 4; i++) await executor.scan(taskOf(calls));
    expect(new Set(pool.counts)).toEqual(new Set([1]));
    expect(pool.tasks).toEqual([]);
    pool.online = true;
    await executor.scan(taskOf(calls));
    expect(pool.tasks).toHaveLength(1);
    expect(executor.capacity).toBe(5);
    expect([executor.batchSize(1), executor.batchSize(80), executor.batchSize(100_000)]).toEqual([1, 8, 32]);
  });

  it('lists on this thread too while the others have enough to do', async () => {
    const calls = treeOf(3);
    const pool = new FakePool();
    pool.online = true;
    pool.hold();
    const executor = new ScanExecutor(pool.asPool, calls);
    const sent = Array.from({ length: 4 }, () => executor.scan(taskOf(calls)));
    expect(executor.batchSize(100_000)).toBe(8);
    expect((await executor.scan(taskOf(calls))).counts).toEqual([3]);
    expect(pool.tasks).toHaveLength(4);
    pool.release();
    await Promise.all(sent);
    await executor.scan(taskOf(calls));
    expect(pool.tasks).toHaveLength(5);
  });

  it('leaves the work to the threads, all of them, once the system makes this one wait', async () => {
    const calls = treeOf(3);
    const pool = new FakePool();
    const executor = new ScanExecutor(pool.asPool, calls);
    calls.before = (call) => {
      const until = performance.now() + 30;
      while (call === 'names' && performance.now() < until);
    };
    await executor.scan(taskOf(calls));
    expect(pool.counts).toEqual([undefined]);
    pool.online = true;
    pool.hold();
    const sent = Array.from({ length: 6 }, () => executor.scan(taskOf(calls)));
    expect(pool.tasks).toHaveLength(6);
    expect(executor.capacity).toBe(4);
    pool.release();
    await Promise.all(sent);
  });

  it('declines a large directory, of which it lists nothing, and leaves it to the threads when given as such', async () => {
    const calls = treeOf(501);
    const pool = new FakePool();
    const executor = new ScanExecutor(pool.asPool, calls);
    const { remarks } = await executor.scan(taskOf(calls));
    expect(remarks).toMatchObject([{ index: 0, outcome: 'declined' }]);
    expect(calls.log).toEqual(['names ']);
    await executor.scan(taskOf(calls), { isLarge: true });
    expect(pool.tasks).toHaveLength(1);
    expect(calls.log).toEqual(['names ']);
  });

  it('lists a large directory here where there are no threads', async () => {
    const calls = treeOf(501);
    const { counts } = await new ScanExecutor(undefined, calls).scan(taskOf(calls));
    expect(counts).toEqual([501]);
  });

  it('says in remarks what went wrong, by the directory', async () => {
    const calls = new FakeCalls(directory({ a: directory(), b: directory({ x: file() }), c: directory() }));
    calls.before = (call, path) => {
      if (call === 'names' && path === 'c') throw systemError('EIO', 'scandir');
    };
    const directories = ['a', 'b', 'c'].map((path) => {
      const { dev = 0n, ino = 0n } = calls.root.children.get(path) ?? {};
      return { path, dev, ino };
    });
    const task: ScanTask = { kind: 'scan', root: '/root', directories };
    const reply = await new ScanExecutor(undefined, calls).scan(task);
    expect(reply).toMatchObject({ names: ['x'], counts: [0, 1, 0] });
    expect(reply.remarks).toMatchObject([
      { index: 2, outcome: 'failed', problems: [{ path: 'c', code: 'EIO' }] },
    ]);
  });

  it('stops between two directories when aborted', async () => {
    const calls = new FakeCalls(directory({ a: directory(), b: directory() }));
    const controller = new AbortController();
    calls.before = () => {
      controller.abort(new Error('enough'));
    };
    const task: ScanTask = {
      kind: 'scan',
      root: '/root',
      directories: ['a', 'b'].map((path) => ({ path, dev: 1n, ino: 1n })),
    };
    await expect(
      new ScanExecutor(undefined, calls).scan(task, { signal: controller.signal }),
    ).rejects.toThrow('enough');
    expect(calls.log).not.toContain('names b');
  });
});
