import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import {
  openSnapshotter,
  type SnapshotCall,
  type Snapshotter,
  type SnapshotterOptions,
} from '@muse/snapshot';
import { StatCache } from '@muse/stat-cache';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { runNode } from './support/run-node.js';
import { bareTree, cacheFileStamp, expectTruth, missesOf, museTree } from './support/trees.js';

const many = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`m/f${i}`, `content ${i}`]));

async function open(root: string, options: SnapshotterOptions = {}): Promise<Snapshotter> {
  const snapshotter = await openSnapshotter(root, { threads: 1, ...options });
  onTestFinished(() => snapshotter.close());
  return snapshotter;
}

/** Collects the worker threads that are started from now on until the test ends: by the engine that starts any. */
function workersStarted(): Worker[] {
  vi.stubEnv('MUSE_ENGINE', 'typescript');
  onTestFinished(() => void vi.unstubAllEnvs());
  const workers: Worker[] = [];
  const add = (worker: Worker) => void workers.push(worker);
  process.on('worker', add);
  onTestFinished(() => void process.off('worker', add));
  return workers;
}

/** Has a callback called once, when a snapshot starts hashing. */
function whenHashing(act: () => void): SnapshotCall {
  let done = false;
  return {
    onProgress: ({ phase }) => {
      if (phase !== 'hash' || done) return;
      done = true;
      act();
    },
  };
}

describe('Snapshotter.snapshot', () => {
  it('needs neither new threads nor the cache file the second time', async () => {
    const root = await museTree(many);
    const workers = workersStarted();
    const snapshotter = await open(root, { threads: 2 });
    await expectTruth(root, await snapshotter.snapshot());
    expect(workers).toHaveLength(2);
    writeFileSync(join(root, '.muse/cache/stat.json'), 'not a cache');
    const second = await snapshotter.snapshot();
    await expectTruth(root, second);
    expect(second.stats).toMatchObject({ hits: 400, hashedFiles: 0 });
    expect(second.stats.milliseconds.load).toBe(0);
    expect(readFileSync(join(root, '.muse/cache/stat.json'), 'utf8')).toBe('not a cache');
    expect(workers).toHaveLength(2);
  });

  it('reads again what changed between two calls, and nothing else', async () => {
    const root = await museTree({ a: 'a', b: 'b', c: 'c', d: 'd' });
    const snapshotter = await open(root);
    await snapshotter.snapshot();
    writeFileSync(join(root, 'b'), 'B');
    rmSync(join(root, 'c'));
    mkdirSync(join(root, 'e'));
    writeFileSync(join(root, 'e/f'), 'f');
    const second = await snapshotter.snapshot();
    await expectTruth(root, second);
    expect(second.stats).toMatchObject({ hits: 2, hashedFiles: 2, pruned: 1, misses: { new: 1 } });
  });

  it('takes one snapshot at a time', async () => {
    const root = await museTree({ a: 'a' });
    const snapshotter = await open(root);
    const log: string[] = [];
    const logged = (name: string) =>
      snapshotter.snapshot({ onProgress: ({ phase }) => void log.push(`${name} ${phase}`) });
    const all = await Promise.all([logged('1'), logged('2'), logged('3')]);
    expect(log.filter((line, i) => line !== log[i - 1])).toEqual(
      ['1', '2', '3'].flatMap((name) => [`${name} scan`, `${name} hash`, `${name} save`]),
    );
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(all.map(({ stats }) => stats.hits)).toEqual([0, 1, 1]);
  });

  it('goes on after one that failed', async () => {
    const root = await museTree({ a: 'a' });
    const snapshotter = await open(root);
    const failing = snapshotter.snapshot({
      onProgress: () => {
        throw new Error('not interested');
      },
    });
    const next = snapshotter.snapshot();
    await expect(failing).rejects.toThrow('not interested');
    await expectTruth(root, await next);
  });

  it('rejects with what onProgress throws while a file is hashed, and calls no file a problem', async () => {
    const root = await museTree({ a: 'a' });
    const snapshotter = await open(root);
    const thrown = new Error('enough');
    const call: SnapshotCall = {
      onProgress: ({ phase }) => {
        if (phase !== 'scan') throw thrown;
      },
    };
    await expect(snapshotter.snapshot(call)).rejects.toBe(thrown);
    await expectTruth(root, await snapshotter.snapshot());
  });

  it('survives the loss of a thread, and leaves none of the others behind', async () => {
    const root = await museTree(many);
    const workers = workersStarted();
    const snapshotter = await open(root, { threads: 2 });
    await snapshotter.snapshot();
    await workers[0]?.terminate();
    for (let i = 0; i < 400; i++) writeFileSync(join(root, `m/f${i}`), `changed ${i}`);
    await expectTruth(root, await snapshotter.snapshot());
    expect(workers).toHaveLength(4);
    expect(workers.slice(0, 2).map(({ threadId }) => threadId)).toEqual([-1, -1]);
  });

  it('rejects when a thread is lost in the middle, and works again after that', async () => {
    const root = await museTree(many);
    const workers = workersStarted();
    const snapshotter = await open(root, { threads: 2 });
    await snapshotter.snapshot();
    for (let i = 0; i < 400; i++) writeFileSync(join(root, `m/f${i}`), `changed ${i}`);
    const lost = snapshotter.snapshot(
      whenHashing(() => {
        for (const worker of workers) void worker.terminate();
      }),
    );
    await expect(lost).rejects.toThrow(/worker thread ended/);
    await expectTruth(root, await snapshotter.snapshot());
  });
});

describe('Snapshotter.snapshot of a root whose .museignore', () => {
  it('is edited keeps to what it says now', async () => {
    const root = await museTree({ 'a.o': 'a', 'b.c': 'b' });
    const snapshotter = await open(root);
    await expectTruth(root, await snapshotter.snapshot());
    writeFileSync(join(root, '.museignore'), '[global]\npatterns = ["*.o"]\n');
    expect([...(await snapshotter.snapshot()).manifest.keys()]).toEqual(['.museignore', 'b.c']);
    writeFileSync(join(root, '.museignore'), '[global\n');
    await expect(snapshotter.snapshot()).rejects.toMatchObject({ name: 'IgnoreFileError' });
    rmSync(join(root, '.museignore'));
    await expectTruth(root, await snapshotter.snapshot());
  });

  it('is not asked for is not read', async () => {
    const root = await museTree({ 'a.o': 'a', '.museignore': '[global\n' });
    await expectTruth(root, await (await open(root, { ignore: false })).snapshot());
    await expectTruth(root, await (await open(root, { ignore: { ignores: () => false } })).snapshot());
  });
});

describe('Snapshotter.snapshot of a root that', () => {
  it('is gone rejects with ENOENT', async () => {
    const root = await museTree({ a: 'a' });
    const snapshotter = await open(root);
    await snapshotter.snapshot();
    rmSync(root, { recursive: true });
    await expect(snapshotter.snapshot()).rejects.toMatchObject({ code: 'ENOENT', path: root });
  });

  it('is a file or a link by now rejects with ENOTDIR', async () => {
    const root = await museTree({ a: 'a' });
    const snapshotter = await open(root);
    rmSync(root, { recursive: true });
    writeFileSync(root, '');
    await expect(snapshotter.snapshot()).rejects.toMatchObject({ code: 'ENOTDIR' });
    rmSync(root);
    symlinkSync(await bareTree({ secret: '' }), root);
    await expect(snapshotter.snapshot()).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('was made anew holds what is there now', async () => {
    const root = await museTree({ a: 'a', b: 'b' });
    const snapshotter = await open(root);
    await snapshotter.snapshot();
    renameSync(root, `${root}-old`);
    onTestFinished(() => {
      rmSync(`${root}-old`, { recursive: true });
    });
    mkdirSync(root);
    writeFileSync(join(root, 'b'), 'B');
    await expectTruth(root, await snapshotter.snapshot());
  });

  it('was opened through a link stays where the link led then', async () => {
    const first = await museTree({ a: 'a' });
    const second = await museTree({ b: 'b' });
    const links = await bareTree({});
    symlinkSync(first, join(links, 'root'));
    const snapshotter = await open(join(links, 'root'));
    expect(snapshotter.root).toBe(first);
    rmSync(join(links, 'root'));
    symlinkSync(second, join(links, 'root'));
    await expectTruth(first, await snapshotter.snapshot());
  });
});

describe('Snapshotter.close', () => {
  it('waits for the snapshot under way, and refuses the next', async () => {
    const root = await museTree({ a: 'a' });
    const snapshotter = await open(root);
    let ended = false;
    const snapshot = snapshotter.snapshot().then((result) => {
      ended = true;
      return result;
    });
    await snapshotter.close();
    expect(ended).toBe(true);
    await expectTruth(root, await snapshot);
    await expect(snapshotter.snapshot()).rejects.toThrow('the snapshotter is closed');
    await snapshotter.close();
  });

  it('ends the threads', async () => {
    const root = await museTree(many);
    const workers = workersStarted();
    const snapshotter = await open(root, { threads: 2 });
    await snapshotter.snapshot();
    expect(workers.map(({ threadId }) => threadId)).not.toContain(-1);
    await snapshotter.close();
    expect(workers.map(({ threadId }) => threadId)).toEqual([-1, -1]);
  });

  it('is what `await using` calls', async () => {
    const root = await museTree({ a: 'a' });
    let kept: Snapshotter;
    {
      await using snapshotter = await openSnapshotter(root, { threads: 1 });
      kept = snapshotter;
      await snapshotter.snapshot();
    }
    await expect(kept.snapshot()).rejects.toThrow('closed');
  });
});

describe('a process that takes snapshot after snapshot', () => {
  it('keeps none of them in memory', async () => {
    const root = await museTree(many);
    const script = `
      const snapshotter = await openSnapshotter(${JSON.stringify(root)}, { threads: 1 });
      const taken = [];
      for (let i = 0; i < 5; i++) taken.push(new WeakRef(await snapshotter.snapshot()));
      await new Promise((resolve) => setTimeout(resolve, 10));
      globalThis.gc();
      answer(taken.filter((snapshot) => snapshot.deref() !== undefined).length);
      await snapshotter.close();`;
    expect(await runNode(script, { flags: '--expose-gc' })).toBe(0);
  });
});

describe('a process with an idle snapshotter that nobody closed', () => {
  it('ends by itself', async () => {
    const root = await museTree(many);
    const script = `
      const snapshotter = await openSnapshotter(${JSON.stringify(root)}, { threads: 2 });
      answer((await snapshotter.snapshot()).stats.files);`;
    expect(await runNode(script)).toBe(400);
  });
});

describe('Snapshotter.snapshot, when aborted', () => {
  it('rejects with the reason before it begins', async () => {
    const snapshotter = await open(await museTree({ a: 'a' }));
    const reason = new Error('no time');
    await expect(snapshotter.snapshot({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('rejects while it waits for another one', async () => {
    const root = await museTree({ a: 'a' });
    const snapshotter = await open(root);
    const controller = new AbortController();
    const order: string[] = [];
    const first = snapshotter.snapshot().then((snapshot) => {
      order.push('first');
      return snapshot;
    });
    const second = snapshotter.snapshot({ signal: controller.signal }).catch((error: unknown) => {
      order.push('second');
      return error;
    });
    const third = snapshotter.snapshot();
    const reason = new Error('no time');
    controller.abort(reason);
    expect(await second).toBe(reason);
    await expectTruth(root, await first);
    await expectTruth(root, await third);
    expect(order).toEqual(['second', 'first']);
  });

  it.each([1, 2])('stops reading a file of 10 GiB, with %i threads, and works again', async (threads) => {
    const root = await museTree({ ...(threads > 1 ? many : {}), small: 'small' });
    const snapshotter = await open(root, { threads });
    if (threads > 1) await snapshotter.snapshot();
    writeSparse(join(root, 'large'), 10 * 1024 ** 3);
    const controller = new AbortController();
    const reason = new Error('no time');
    const started = process.cpuUsage();
    const aborted = snapshotter.snapshot({
      signal: controller.signal,
      ...whenHashing(() => {
        setTimeout(() => {
          controller.abort(reason);
        }, 20);
      }),
    });
    await expect(aborted).rejects.toBe(reason);
    // Reading it all takes some 20 s of a processor.
    const { user, system } = process.cpuUsage(started);
    expect(user + system).toBeLessThan(5_000_000);
    const cache = join(root, '.muse/cache');
    if (existsSync(cache)) expect(leftBehind(cache)).toEqual([]);
    rmSync(join(root, 'large'));
    const next = await snapshotter.snapshot();
    await expectTruth(root, next);
    expect(next.stats.files).toBe(next.stats.hits + missesOf(next));
  });

  it('prunes nothing and saves nothing', async () => {
    const root = await museTree({ a: 'a', b: 'b' });
    const snapshotter = await open(root);
    await snapshotter.snapshot();
    const stamp = cacheFileStamp(root);
    rmSync(join(root, 'b'));
    writeFileSync(join(root, 'c'), 'c');
    const controller = new AbortController();
    const call = whenHashing(() => {
      controller.abort();
    });
    await expect(snapshotter.snapshot({ signal: controller.signal, ...call })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(cacheFileStamp(root)).toEqual(stamp);
    expect((await StatCache.open({ root })).has('b')).toBe(true);
  });
});

describe('openSnapshotter', () => {
  it.each([0, -1, 1.5, NaN, Infinity])('refuses %d threads', async (threads) => {
    await expect(openSnapshotter('/', { threads })).rejects.toThrow(RangeError);
  });

  it.each([
    ['absent', 'ENOENT'],
    ['file', 'ENOTDIR'],
    ['loop', 'ELOOP'],
  ])('rejects for a root that is %s with %s', async (name, code) => {
    const above = await bareTree({ file: '' });
    symlinkSync('loop', join(above, 'loop'));
    await expect(openSnapshotter(join(above, name))).rejects.toMatchObject({ code });
  });
});

function writeSparse(path: string, size: number): void {
  writeFileSync(path, '');
  truncateSync(path, size);
  expect(statSync(path).size).toBe(size);
}

function leftBehind(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.tmp'));
}
