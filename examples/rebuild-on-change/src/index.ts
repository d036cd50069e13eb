import { openSnapshotter, type Snapshot, type TreeChange } from '@muse/snapshot';

/** A build, and what to do with its failures. */
export interface RebuildOptions {
  /** The directory that holds the sources; what the build writes must be outside, or ignored. */
  readonly root: string;
  /**
   * Builds. Gets the paths that changed since the last build that succeeded, none for the first, and the id of the sources.
   */
  readonly build: (changed: readonly string[], id: Snapshot['id']) => void | Promise<void>;
  /** Hears why nothing was built, or not to the end. Default: `console.error`. */
  readonly onFailure?: (reason: unknown) => void;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/**
 * Builds at once, and again whenever a source changes, until `signal` is aborted. One build runs at a time; what changes
 * meanwhile is one further build. A build that fails is tried again with the next change, and told of both.
 */
export async function rebuildOnChange({
  root,
  build,
  onFailure = console.error,
  signal,
}: RebuildOptions): Promise<void> {
  const logger = { debug: () => undefined, warn: onFailure, error: onFailure };
  const snapshotter = await openSnapshotter(root, { watch: true, logger });
  const pending = new Set<string>();
  try {
    for await (const change of snapshotter.changes({ signal })) {
      for (const path of pathsOf(change)) pending.add(path);
      const { id, problems } = change.snapshot;
      for (const { path, message } of problems)
        onFailure(new Error(`Cannot build: ${JSON.stringify(path)}: ${message}`));
      if (problems.length > 0) continue;
      try {
        await build([...pending], id);
        pending.clear();
      } catch (error) {
        onFailure(error);
      }
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    await snapshotter.close();
  }
}

/** Returns all paths at which something may have changed. */
function pathsOf({ added, modified, deleted, renamed, unknown }: TreeChange): string[] {
  return [
    ...[...added, ...modified, ...deleted].map(({ path }) => path),
    ...renamed.flatMap(({ from, to }) => [from, to]),
    ...unknown,
  ];
}
