import type { TreeFacts } from '../results.js';
import type { FileLists, Listed } from './list-files.js';

/** A tree to measure on. */
export interface BenchTree extends TreeFacts, FileLists, Listed {
  readonly root: string;
  /** True if its files may be edited, since it was made for the run. */
  readonly editable: boolean;
  /** A directory beside it for what the peers keep. */
  readonly aside: string;
}

const SMALL = 5000;

/** Returns true where the start of a process is what counts, and what takes a millisecond a file is no trouble. */
export function isSmall({ files }: BenchTree): boolean {
  return files <= SMALL;
}

export function factsOf({ name, role, description, files, directories, bytes }: BenchTree): TreeFacts {
  return { name, role, description, files, directories, bytes };
}
