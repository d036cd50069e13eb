import { SimFs } from '@muse/testkit';
import type { CacheStorage, StatCache } from '@muse/stat-cache';
import { openWithSystem } from '@muse/stat-cache/testing';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import { RuleTexts } from '../../src/lib/take/root.js';
import { takeSnapshot } from '../../src/lib/take/take-snapshot.js';
import type { Snapshot } from '../../src/lib/types.js';
import { ROOT } from './adversary.js';

/** A storage that keeps the bytes of every save. */
export interface BytesStorage extends CacheStorage {
  /** Puts back the bytes of the first save, as a restored backup does. */
  restoreFirst(): void;
}

/** Returns a storage of the file format's bytes that asks the simulated file system for its clock. */
export function bytesStorage(sim: SimFs): BytesStorage {
  const saved: Buffer[] = [];
  return {
    load: () => {
      const bytes = saved.at(-1);
      return Promise.resolve(bytes && jsonV3Codec.decode(bytes));
    },
    save: (change) => {
      saved.push(shared(Buffer.concat([...jsonV3Codec.encode(change)])));
      return Promise.resolve();
    },
    probe: sim.probe,
    restoreFirst: () => void saved.splice(1),
  };
}

/** The memory in which a file storage keeps what it read. */
function shared(bytes: Buffer): Buffer {
  const copy = Buffer.from(new SharedArrayBuffer(bytes.length));
  bytes.copy(copy);
  return copy;
}

/** Loads a cache whose settling goes through the simulated file system. */
export function openSimCache(sim: SimFs, storage: CacheStorage): Promise<StatCache> {
  const system = { files: sim.fileCalls, sleep: sim.sleep, nowNs: () => sim.nowNs };
  return openWithSystem({ root: ROOT, storage, defer: true }, system);
}

/** Takes a snapshot of the simulated root, every system call of it simulated. */
export async function takeSimSnapshot(sim: SimFs, cache: StatCache | undefined): Promise<Snapshot> {
  // Half of the snapshots go on with what was stored, as a large tree's do.
  if (cache && cache.size % 2 === 0) await cache.compact(1);
  const root = sim.find(ROOT);
  if (!root) throw new Error('Cannot take a snapshot: the simulated root is gone');
  const { dev, ino } = root.stat(7n);
  return takeSnapshot(
    {
      root: { root: ROOT, dev, ino },
      subtree: '',
      top: { dev, ino },
      cache,
      pool: undefined,
      native: undefined,
      threads: 1,
      ignore: undefined,
      texts: new RuleTexts(),
      oneFileSystem: false,
      loadMs: 0,
      calls: { scan: sim.scanCalls, files: sim.fileCalls },
    },
    {},
  );
}
