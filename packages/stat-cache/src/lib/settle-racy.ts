import { hashBelow } from './hash-below.js';
import type { RecordedEntries } from './recorded-entries.js';
import { planSettling, waitPast } from './settle.js';
import type { CacheSystem } from './system.js';
import type { BoundaryClock } from './trust.js';
import type { FileStat, ObjectId } from './types.js';

/** What settling needs of a cache. */
export interface Settling {
  readonly root: string;
  readonly entries: RecordedEntries;
  readonly clock: BoundaryClock;
  readonly system: CacheSystem;
  readonly record: (path: string, stat: FileStat, objectId: ObjectId, boundary: bigint) => void;
}

/** Waits for the racy files that become quiet soon, takes a new boundary, and hashes and records them again. */
export async function settleRacy({ root, entries, clock, system, record }: Settling): Promise<void> {
  if (entries.racyCount === 0) return;
  const now = await clock.now();
  const racy = Array.from(entries.racyEntries(), ([path, { entry, dev }]) => {
    return { path, entry, dev, size: entry.size, quietAt: clock.quietAt({ ...entry, dev }, now) };
  });
  const { files, quietAt } = planSettling(racy, now);
  if (files.length === 0) return;
  const boundary = await waitPast(quietAt, now, {
    now: () => clock.now(),
    sleep: (milliseconds) => system.sleep(milliseconds),
  });
  for (const { path, entry, dev } of files) {
    try {
      // Only the file that was recorded: by now the path may lead elsewhere, even out of the root.
      const listed = { dev, ino: entry.ino };
      const { objectId, stat, bytes } = await hashBelow(system.files, root, path, { listed });
      // What was recorded or removed while this waited is newer.
      const current = entries.get(path) === entry;
      if (current && BigInt(bytes) === stat.size) record(path, stat, objectId, boundary);
    } catch {
      // Gone, replaced or torn by now: it stays racy, and the next snapshot says what became of it.
    }
  }
}
