import { setTimeout as sleep } from 'node:timers/promises';
import { createSnapshot, type Snapshot, type Snapshotter, type SnapshotterOptions } from '@muse/snapshot';
import { nativeEngine } from '@muse/walker/scan';
import { expect, onTestFinished } from 'vitest';
import { openWithEvents } from '../../src/lib/take/snapshotter.js';
import { openInotify, type EventSource } from '../../src/lib/watch/events.js';

const native = await nativeEngine(undefined);

/** Whether this system has the engine that hears of changes. */
export const hasEvents = native !== undefined;

/** Options of {@link watch}. */
export interface WatchOptions extends SnapshotterOptions {
  /** Stands between the system's events and their reader. */
  readonly events?: (source: EventSource) => EventSource;
}

/** Watches a tree until the test ends. */
export async function watch(root: string, { events, ...options }: WatchOptions = {}): Promise<Snapshotter> {
  const snapshotter = await openWithEvents(root, { threads: 1, ...options, watch: true }, (engine) => {
    const source = openInotify(engine);
    return events ? events(source) : source;
  });
  onTestFinished(() => snapshotter.close());
  return snapshotter;
}

/** Watches a tree whose files are known well, so that no directory is listed that no event told of. */
export async function watchSettled(root: string, options: WatchOptions = {}): Promise<Snapshotter> {
  const snapshotter = await watch(root, options);
  await snapshotter.snapshot();
  await untilQuiet(snapshotter);
  return snapshotter;
}

/** Asks by events until each file is known well. */
export async function untilQuiet(snapshotter: Snapshotter): Promise<void> {
  for (let racy = 1; racy > 0;) {
    await sleep(30);
    const { stats, by } = await snapshotter.snapshot();
    expect(by).toBe('events');
    racy = stats.hashedFiles;
  }
}

/** What a snapshot says that does not depend on how it was found out. */
export function saying({ id, manifest, complete, problems, rules, stats }: Snapshot) {
  const { files, bytes, directories, leftOut } = stats;
  return { id, manifest: [...manifest], complete, problems, rules, files, bytes, directories, leftOut };
}

/** Asks, and expects what a scan without a cache says. Returns how it was found out. */
export async function ask(
  snapshotter: Snapshotter,
  options: SnapshotterOptions = {},
): Promise<Snapshot['by']> {
  const snapshot = await snapshotter.snapshot();
  const fresh = await createSnapshot(snapshotter.root, { threads: 1, ...options, cache: false });
  expect(saying(snapshot)).toEqual(saying(fresh));
  return snapshot.by;
}
