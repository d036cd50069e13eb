import { renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StatCache, type ProbeStamp } from '@muse/stat-cache';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { idOf } from './support/entries.js';
import { museRoot, statOf } from './support/muse-root.js';
import { ScriptedStorage } from './support/scripted-storage.js';

const MS = 1_000_000n;

/** A storage whose clock gives these stamps, counted in milliseconds from the file's own ctime, the last for ever. */
function clockOf(root: string, path: string, ...milliseconds: number[]): ScriptedStorage {
  const storage = new ScriptedStorage();
  const { ctimeNs, dev } = statOf(root, path);
  let at = 0;
  storage.clock = () => {
    const after = milliseconds[Math.min(at++, milliseconds.length - 1)] ?? 0;
    return Promise.resolve({ ctimeNs: ctimeNs + BigInt(after) * MS, dev });
  };
  return storage;
}

async function hashAndSave(root: string, storage: ScriptedStorage): Promise<StatCache> {
  const cache = await StatCache.open({ root, storage });
  await cache.getObjectHash(root, join(root, 'f'));
  await cache.save();
  return cache;
}

describe('settling', () => {
  it('makes a file that was just written a hit of the next run', async () => {
    const root = await museRoot({ f: 'hello' });
    await hashAndSave(root, clockOf(root, 'f', 1, 1, 30));
    const storage = clockOf(root, 'f', 1, 1, 30);
    const cache = await hashAndSave(root, storage);
    expect(storage.saves).toMatchObject([{ put: ['f'], remove: [] }]);
    expect(cache.racy).toBe(0);
    expect(cache.lookup('f', statOf(root, 'f'))).toBe(idOf('hello'));
    expect(cache.dirty).toBe(false);
  });

  it('waits for the next tick of a clock that stands still for a while', async () => {
    const root = await museRoot({ f: 'hello' });
    // Quiet is 20 ms and a little after the stamp: 20 is not enough, and the clock stays there for four questions.
    const storage = clockOf(root, 'f', 1, 16, 20, 20, 20, 20, 24);
    const cache = await hashAndSave(root, storage);
    expect(cache.racy).toBe(0);
    expect(storage.saves).toHaveLength(1);
  });

  it('gives a clock up that does not move', async () => {
    const root = await museRoot({ f: 'hello' });
    const storage = clockOf(root, 'f', 1);
    const cache = await hashAndSave(root, storage);
    expect(cache.racy).toBe(1);
    expect(storage.saves).toEqual([]);
    expect(storage.probes).toBeLessThan(20);
  });

  it('reads the file again, after a new boundary', async () => {
    const root = await museRoot({ f: 'hello' });
    const storage = clockOf(root, 'f', 1, 1, 30);
    const clock = storage.clock;
    storage.clock = () => {
      // The same size and mtime again: what the first hash missed must not survive the second.
      if (storage.probes === 3) {
        const { atime, mtime } = statSync(join(root, 'f'));
        writeFileSync(join(root, 'f'), 'HELLO');
        utimesSync(join(root, 'f'), atime, mtime);
      }
      return clock();
    };
    const cache = await hashAndSave(root, storage);
    for (const [, { objectId }] of cache.entries()) expect(objectId).toBe(idOf('HELLO'));
  });

  it('does not wait for what becomes quiet later than in 100 ms', async () => {
    const root = await museRoot({ f: 'hello' });
    const storage = clockOf(root, 'f', -200);
    const cache = await hashAndSave(root, storage);
    expect([cache.racy, storage.saves.length]).toEqual([1, 0]);
    expect(storage.probes).toBe(2);
  });

  it('takes one boundary, and no nap, for files that are quiet already', async () => {
    const root = await museRoot({ f: 'hello' });
    const storage = clockOf(root, 'f', 10_000);
    const cache = await StatCache.open({ root, storage });
    cache.record('f', statOf(root, 'f'), idOf('hello'));
    await cache.save();
    expect([cache.racy, storage.probes]).toEqual([0, 1]);
    expect(cache.lookup('f', statOf(root, 'f'))).toBe(idOf('hello'));
  });

  it('takes no boundary when nothing is racy', async () => {
    const root = await museRoot({ f: 'hello' });
    const storage = clockOf(root, 'f', 10_000);
    await hashAndSave(root, storage);
    expect(storage.probes).toBe(1);
  });

  it('corrects an entry that was recorded with a wrong object id', async () => {
    const root = await museRoot({ f: 'hello' });
    const cache = await StatCache.open({ root, storage: clockOf(root, 'f', 10_000) });
    cache.record('f', statOf(root, 'f'), idOf('a lie'));
    await cache.save();
    expect(cache.lookup('f', statOf(root, 'f'))).toBe(idOf('hello'));
  });

  it('keeps the dimensions of a content that is the same', async () => {
    const root = await museRoot({ f: 'hello' });
    const cache = await StatCache.open({ root, storage: clockOf(root, 'f', 10_000) });
    cache.record('f', statOf(root, 'f'), idOf('hello'));
    cache.setDimension('f', idOf('hello'), 'symbols', 'x');
    await cache.save();
    expect(cache.getDimension('f', idOf('hello'), 'symbols')).toBe('x');
  });

  it.each<[what: string, act: (root: string) => void]>([
    [
      'gone',
      (root) => {
        rmSync(join(root, 'f'));
      },
    ],
    [
      'a directory',
      (root) => {
        rmSync(join(root, 'f'));
        renameSync(join(root, 'dir'), join(root, 'f'));
      },
    ],
  ])('leaves a file out that is %s by then, and the save succeeds', async (_, act) => {
    const root = await museRoot({ f: 'hello', dir: {}, g: 'other' });
    const storage = clockOf(root, 'f', 1, 1, 40);
    const cache = await StatCache.open({ root, storage });
    await cache.getObjectHash(root, join(root, 'f'));
    cache.record('g', statOf(root, 'g'), idOf('other'), 2n ** 62n);
    act(root);
    await cache.save();
    expect(storage.saves).toMatchObject([{ put: ['g'] }]);
    expect(cache.racy).toBe(1);
  });

  it('reads the inode that was recorded alone, and none outside the root', async () => {
    const root = await museRoot({ f: 'hello', 'd/f': 'hello', 'outside/f': 'secret', new: 'other' });
    const storage = clockOf(root, 'f', 1, 40);
    const cache = await StatCache.open({ root, storage });
    for (const path of ['f', 'd/f']) cache.record(path, statOf(root, path), idOf('hello'));
    renameSync(join(root, 'new'), join(root, 'f'));
    renameSync(join(root, 'd'), join(root, 'aside'));
    symlinkSync('outside', join(root, 'd'));
    await cache.save();
    expect([...cache.entries()].map(([, { objectId }]) => objectId)).toEqual([idOf('hello'), idOf('hello')]);
    expect([cache.racy, storage.saves.length]).toEqual([2, 0]);
  });

  it.runIf(process.platform === 'linux')('leaves a file racy whose size lies', async () => {
    const root = '/proc/sys/kernel/random';
    const stat = statOf(root, 'poolsize');
    const storage = new ScriptedStorage(stat.dev);
    const cache = await StatCache.open({ root, storage });
    cache.record('poolsize', stat, idOf(''));
    await cache.save();
    expect([cache.racy, storage.saves.length]).toEqual([1, 0]);
  });

  it('leaves alone what was recorded or pruned while it waited', async () => {
    const root = await museRoot({ f: 'hello', g: 'hello', h: 'hello' });
    const storage = clockOf(root, 'f', 1, 1, 40);
    const cache = await StatCache.open({ root, storage });
    for (const path of ['f', 'g', 'h']) cache.record(path, statOf(root, path), idOf('hello'));
    const clock = storage.clock;
    storage.clock = async () => {
      const stamp = await clock();
      if (storage.probes === 3) {
        cache.prune(new Set(['f', 'h']));
        cache.record('h', statOf(root, 'h'), idOf('newer'), 2n ** 62n);
      }
      return stamp;
    };
    await cache.boundary();
    await cache.save();
    expect(cache.has('g')).toBe(false);
    expect(cache.size).toBe(2);
    expect(cache.lookup('h', statOf(root, 'h'))).toBe(idOf('newer'));
  });

  it('never settles by the clock of another device', async () => {
    const root = await museRoot({ f: 'hello' });
    const storage = clockOf(root, 'f', 1, 40);
    const clock = storage.clock;
    storage.clock = async () => ({ ctimeNs: (await clock())?.ctimeNs ?? 0n, dev: 99_999n });
    const cache = await hashAndSave(root, storage);
    expect([cache.racy, storage.saves.length]).toEqual([1, 0]);
    // One for the hash, one to see that it is too early; the file was not read again.
    expect(storage.probes).toBe(2);
  });

  it.each<[string, () => Promise<ProbeStamp | undefined>]>([
    ['none', () => Promise.resolve(undefined)],
    ['broken', () => Promise.reject(new Error('no clock'))],
  ])('falls back to the local clock less 3 s where the clock is %s', async (_, clock) => {
    const root = await museRoot({ f: 'hello' });
    const storage = new ScriptedStorage();
    storage.clock = clock;
    // So that a slow machine does not make the file old.
    vi.useFakeTimers({ toFake: ['Date'], now: statSync(join(root, 'f')).ctimeMs });
    onTestFinished(() => void vi.useRealTimers());
    const cache = await hashAndSave(root, storage);
    expect(await cache.boundary()).toBe(BigInt(Date.now() - 3000) * MS);
    expect([cache.racy, storage.saves.length]).toEqual([1, 0]);
  });
});
