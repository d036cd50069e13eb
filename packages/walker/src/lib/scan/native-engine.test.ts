import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '@muse/testkit';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { resolveRoot } from '../walk/root.js';
import { scanBatch, type DirectoryToScan } from './engine.js';
import { nativeEngine, NativeScanEngine, openNativeRoot, type NativeRoot } from './native-engine.js';
import { systemCalls } from './open-directory.js';

const engine = await nativeEngine(undefined);

interface Asked {
  readonly root: number;
  readonly paths: readonly string[];
  readonly bases: readonly number[];
}

/** A root whose calls are answered by `answer` and written down. */
function fakeRoot(answer: (asked: Asked, reply: Uint32Array) => number): {
  root: NativeRoot;
  asked: Asked[];
} {
  const asked: Asked[] = [];
  let packed: Pick<Asked, 'paths' | 'bases'> = { paths: [], bases: [] };
  const root = {
    descriptor: 7,
    calls: 2,
    callsToQueue: 2,
    packScanRequest: (directories: readonly { path: Uint8Array; base?: number }[]) => {
      packed = {
        paths: directories.map(({ path }) => Buffer.from(path).toString()),
        bases: directories.map(({ base = 0 }) => base),
      };
      return new Uint8Array();
    },
    native: {
      scan: ({ root: descriptor, reply }: { root: number; reply: Uint8Array }) => {
        asked.push({ root: descriptor, ...packed });
        return Promise.resolve(answer({ root: descriptor, ...packed }, new Uint32Array(reply.buffer)));
      },
    },
  } as unknown as NativeRoot;
  return { root, asked };
}

const directory = (path: string, base?: DirectoryToScan['base']): DirectoryToScan => ({
  path,
  dev: 1n,
  ino: 1n,
  slice: { from: 0, to: 0 },
  base,
});

describe('NativeScanEngine', () => {
  it('asks again for what did not fit', async () => {
    const { root, asked } = fakeRoot((_, reply) => {
      reply[0] = 8;
      return 1;
    });
    const reply = await new NativeScanEngine(root).scan(
      ['a', 'b', 'c'].map((path) => directory(path)),
      {},
    );
    expect(reply).toHaveLength(24);
    expect(asked.map(({ paths }) => paths)).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']]);
  });

  it('divides what waits among the calls that are not under way', async () => {
    const { root } = fakeRoot((_, reply) => {
      reply[0] = 8;
      return 1;
    });
    const engine = new NativeScanEngine(root);
    expect([engine.batchSize(1), engine.batchSize(20), engine.batchSize(1000)]).toEqual([1, 10, 48]);
    const scanned = engine.scan([directory('a')], {});
    expect([engine.batchSize(10), engine.batchSize(1000)]).toEqual([10, 48]);
    const another = engine.scan([directory('b')], {});
    expect(engine.batchSize(10)).toBe(10);
    await Promise.all([scanned, another]);
    expect(engine.batchSize(10)).toBe(5);
  });

  it('gives room to a directory that fits no reply', async () => {
    const needed = 1_000_000;
    const { root, asked } = fakeRoot((_, reply) => {
      const fits = reply.byteLength >= needed;
      reply.set(fits ? [needed, 0, 0] : [56, 3, needed]);
      return 1;
    });
    const reply = await new NativeScanEngine(root).scan([directory('wide')], {});
    expect(reply).toHaveLength(needed);
    expect(asked).toHaveLength(2);
  });

  it('asks below a directory that is held open by its descriptor, with the bytes it stands for', async () => {
    const { root, asked } = fakeRoot(({ paths }, reply) => {
      paths.forEach((_, i) => (reply[i * 2] = 8));
      return paths.length;
    });
    const base = { path: '/proc/self/fd/9', descriptor: 9, length: 2 };
    await new NativeScanEngine(root).scan(
      [directory('a'), directory('é/b', base), directory('é/c', base)],
      {},
    );
    expect(asked).toEqual([
      { root: 7, paths: ['a'], bases: [0] },
      { root: 9, paths: ['é/b', 'é/c'], bases: [3, 3] },
    ]);
  });

  it('stops between two calls when it is aborted', async () => {
    const abort = new AbortController();
    const { root, asked } = fakeRoot((_, reply) => {
      abort.abort(new Error('no time'));
      reply[0] = 8;
      return 1;
    });
    const scan = new NativeScanEngine(root).scan([directory('a'), directory('b')], { signal: abort.signal });
    await expect(scan).rejects.toThrow('no time');
    expect(asked).toHaveLength(1);
  });

  it('throws where a reply says nothing, or ends within a record', async () => {
    const nothing = new NativeScanEngine(fakeRoot(() => 0).root);
    await expect(nothing.scan([directory('a')], {})).rejects.toThrow('there is no record');
    const endless = fakeRoot((_, reply) => {
      reply[0] = reply.byteLength;
      return 2;
    });
    await expect(new NativeScanEngine(endless.root).scan([directory('a')], {})).rejects.toThrow(
      'ends within',
    );
  });
});

describe.runIf(engine)('a root of the native engine', () => {
  it.each([
    { threads: 8, pool: undefined, calls: 2, callsToQueue: 2 },
    { threads: 1, pool: undefined, calls: 1, callsToQueue: 1 },
    { threads: 1, pool: '8', calls: 1, callsToQueue: 1 },
    { threads: 2, pool: '5', calls: 2, callsToQueue: 3 },
    { threads: 8, pool: '8', calls: 6, callsToQueue: 6 },
    { threads: 3, pool: '8', calls: 3, callsToQueue: 4 },
    { threads: 8, pool: '1', calls: 1, callsToQueue: 1 },
    { threads: 8, pool: 'many', calls: 2, callsToQueue: 2 },
  ])('leaves two threads of the pool to others: %o', ({ threads, pool, ...expected }) => {
    vi.stubEnv('UV_THREADPOOL_SIZE', pool);
    onTestFinished(() => void vi.unstubAllEnvs());
    const root = engine && openNativeRoot(engine, '/', threads);
    expect(root).toMatchObject(expected);
    root?.close();
  });

  it('lists a directory that fits no reply as the engine in TypeScript does', async () => {
    const folder = tempDir();
    onTestFinished(() => folder.remove());
    mkdirSync(join(folder.path, 'wide'));
    for (let i = 0; i < 2500; i++) writeFileSync(join(folder.path, 'wide', `${'long-'.repeat(20)}${i}`), '');
    const { root } = await resolveRoot(folder.path);
    const { dev, ino } = await resolveRoot(join(root, 'wide'));
    const directories = [{ ...directory('wide'), dev, ino }];
    const native = engine && openNativeRoot(engine, root, 2);
    if (!native) throw new Error(`Cannot open ${root}`);
    const reply = await new NativeScanEngine(native).scan(directories, {});
    native.close();
    expect(reply.length).toBeGreaterThan(256 * 1024);
    expect(Buffer.from(reply).equals(scanBatch(systemCalls, { root, directories }))).toBe(true);
  });
});
