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

export function factsOf({ name, role, description, files, directories, bytes }: BenchTree): TreeFacts {
  return { name, role, description, files, directories, bytes };
}
