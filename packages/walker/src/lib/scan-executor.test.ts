import { describe, expect, it } from 'vitest';
import { directory, FakeCalls, file, systemError } from '../../test/support/fake-tree.js';
import type { ScanReply, ScanTask } from './scan-batch.js';
import { ScanExecutor } from './scan-executor.js';
import type { ThreadPool } from './thread-pool.js';

/** A pool that answers each task with the same, and tells what it was asked. */
class FakePool {
  online = false;
  starts = 0;
  readonly capacity = 4;
  readonly tasks: ScanTask[] = [];

  start(): void {
    this.starts++;
  }

  run(task: ScanTask): Promise<ScanReply> {
    this.tasks.push(task);
    const nothing = {
      names: '',
      kinds: new Uint8Array(),
      stats: new BigInt64Array(),
      counts: [],
      remarks: [],
    };
    return Promise.resolve(nothing);
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
    for (let i = 0; i < 2; i++) expect((await executor.scan(taskOf(calls), undefined)).counts).toEqual([400]);
    expect([pool.starts, pool.tasks]).toEqual([0, []]);
    expect([executor.capacity, executor.batchSize(1000)]).toEqual([1, 4]);
  });

  it('starts threads once the tree is large, and lists here until they run', async () => {
    const calls = treeOf(400);
    const pool = new FakePool();
    const executor = new ScanExecutor(pool.asPool, calls);
    for (let i = 0; i < 4; i++) await executor.scan(taskOf(calls), undefined);
    expect(pool.starts).toBeGreaterThan(0);
    expect(pool.tasks).toEqual([]);
    pool.online = true;
    await executor.scan(taskOf(calls), undefined);
    expect(pool.tasks).toHaveLength(1);
    expect(executor.capacity).toBe(4);
    expect([executor.batchSize(1), executor.batchSize(80), executor.batchSize(100_000)]).toEqual([1, 10, 32]);
  });

  it('leaves a large directory to the threads, and lists nothing of it here', async () => {
    const calls = treeOf(501);
    const pool = new FakePool();
    await new ScanExecutor(pool.asPool, calls).scan(taskOf(calls), undefined);
    expect(pool.tasks).toHaveLength(1);
    expect(calls.log).toEqual(['names ']);
  });

  it('lists a large directory here where there are no threads', async () => {
    const calls = treeOf(501);
    const { counts } = await new ScanExecutor(undefined, calls).scan(taskOf(calls), undefined);
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
    const reply = await new ScanExecutor(undefined, calls).scan(task, undefined);
    expect(reply).toMatchObject({ names: 'x', counts: [0, 1, 0] });
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
    await expect(new ScanExecutor(undefined, calls).scan(task, controller.signal)).rejects.toThrow('enough');
    expect(calls.log).not.toContain('names b');
  });
});
