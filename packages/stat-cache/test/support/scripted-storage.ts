import type { CacheChange, CacheStorage, LoadResult, ProbeStamp, SaveOptions } from '@muse/stat-cache';
import { createMemoryStorage } from '@muse/stat-cache/memory';

/** A storage in memory that notes what it is asked for, and does what a test tells it first. */
export class ScriptedStorage implements CacheStorage {
  readonly #memory = createMemoryStorage();
  readonly saves: { put: string[]; remove: string[]; options: SaveOptions | undefined }[] = [];
  /** Runs at the beginning of each save; may throw. */
  beforeSave: () => Promise<void> | void = () => undefined;
  /** What `load` gives instead of what was saved. */
  loads: (() => Promise<LoadResult>) | undefined;
  /** Default: a clock that is far ahead of every file, so that all that is recorded with a boundary is trusted. */
  clock: () => Promise<ProbeStamp | undefined>;
  probes = 0;

  /** @param dev - the device of the files, whose clock the default is. */
  constructor(dev = 1n) {
    this.clock = () => Promise.resolve({ ctimeNs: 4_000_000_000_000_000_000n, dev });
  }

  load(options: Parameters<CacheStorage['load']>[0]): Promise<LoadResult> {
    return this.loads ? this.loads() : this.#memory.load(options);
  }

  async save(change: CacheChange, options?: SaveOptions): Promise<void> {
    await this.beforeSave();
    this.saves.push({ put: [...change.put.keys()], remove: [...change.remove], options });
    await this.#memory.save(change, options);
  }

  probe(): Promise<ProbeStamp | undefined> {
    this.probes++;
    return this.clock();
  }
}
