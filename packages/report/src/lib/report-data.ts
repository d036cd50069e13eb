/**
 * A tree of files as text that is short and quick to read: the tree in preorder, each fact of its nodes in a list of its
 * own. Node 0 is the root. Whoever reads it gets arrays of numbers, and makes no object for a file.
 */

/** What may have become of a file. The place of each is its digit in an encoded tree. */
export const KINDS = ['unchanged', 'added', 'modified', 'deleted', 'renamed', 'unknown'] as const;
export type Kind = (typeof KINDS)[number];

/** A file on either side of a comparison. */
export interface ReportFile {
  /** Its tree path; that of today, where it was renamed. */
  readonly path: string;
  readonly kind: Kind;
  /** The old tree path of a renamed file. */
  readonly from?: string;
  /** Undefined where nobody knows. */
  readonly bytes?: number | undefined;
}

/** Files in path order, as plain JSON. */
export interface EncodedTree {
  /** The names of all nodes, with a slash between two; that of the root is empty. */
  readonly names: string;
  /** For each node how many it has directly below it. Only a file has none, and the root of no files. */
  readonly children: readonly number[];
  /** For each file the digit of its kind. */
  readonly kinds: string;
  /** For each file its bytes, `null` where they are not known. Absent where they are known of none. */
  readonly sizes?: readonly (number | null)[];
  /** The old tree path of each renamed file. */
  readonly from: readonly string[];
}

/** All that a page shows, as plain JSON. */
export interface ReportData {
  readonly version: 1;
  /** What the tree is called, if it has a name. */
  readonly title?: string | undefined;
  /** When it was made, in ISO 8601. */
  readonly made: string;
  readonly before: SideData;
  readonly after: SideData;
  readonly tree: EncodedTree;
  readonly problems: readonly ProblemData[];
  /** What is wrong with saved snapshots that were passed over. */
  readonly damaged: readonly string[];
}

/** One side of a comparison. */
export interface SideData {
  /** The name that it was called by. */
  readonly name: string;
  /** The snapshot id. */
  readonly id: string;
  /** False if it may lack files, or have some that it should not. */
  readonly complete: boolean;
  /** The number of files that are compared, and their bytes, if they are known of all. */
  readonly files: number;
  readonly bytes?: number;
  /** When it was saved, in ISO 8601, and the note that was saved with it. */
  readonly savedAt?: string;
  readonly note?: string;
  /** Entries that it leaves out, by kind. Absent where nobody kept that. */
  readonly leftOut?: Readonly<Record<string, number>>;
}

/** A file or directory that one side cannot vouch for. */
export interface ProblemData {
  readonly side: 'before' | 'after';
  /** Its tree path; `''` for the root. */
  readonly path: string;
  readonly kind: string;
  readonly message: string;
}
