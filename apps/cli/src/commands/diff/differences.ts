import { compareTreePaths } from '@muse/paths';
import type { SnapshotDiff } from '@muse/snapshot';
import type { ObjectId } from '@muse/stat-cache';

/** The kinds of differences, in the order in which they are counted. */
export const kinds = ['added', 'modified', 'deleted', 'renamed'] as const;

/** The colour of each. */
export const styles = { added: 'green', modified: 'yellow', deleted: 'red', renamed: 'cyan' } as const;

/** A file that differs. */
export interface Difference {
  readonly kind: (typeof kinds)[number];
  readonly path: string;
  /** Of the content that is there now, or of what was deleted. */
  readonly objectId: ObjectId;
  /** The old path of a renamed file. */
  readonly from?: string;
}

/** Returns all differences in path order; a renamed file stands at its new path. */
export function differences({ added, modified, deleted, renamed }: SnapshotDiff): Difference[] {
  const all: Difference[] = [
    ...added.map(({ path, objectId }) => ({ kind: 'added' as const, path, objectId })),
    ...modified.map(({ path, after }) => ({ kind: 'modified' as const, path, objectId: after })),
    ...deleted.map(({ path, objectId }) => ({ kind: 'deleted' as const, path, objectId })),
    ...renamed.map(({ from, to, objectId }) => ({ kind: 'renamed' as const, path: to, objectId, from })),
  ];
  return all.sort((a, b) => compareTreePaths(a.path, b.path));
}
