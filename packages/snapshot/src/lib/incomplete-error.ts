import type { Problem } from './types.js';

/** A manifest that should be complete is not: `problems` names each file and directory that is missing, and why. */
export class SnapshotIncompleteError extends Error {
  override readonly name = 'SnapshotIncompleteError';
  readonly code = 'EINCOMPLETE';
  readonly problems: readonly Problem[];

  constructor(root: string, problems: readonly Problem[]) {
    const [first] = problems;
    const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
    const detail = first ? `: cannot ${first.operation} ${JSON.stringify(first.path)}: ${first.message}` : '';
    super(`Cannot build a complete manifest of ${JSON.stringify(root)}${detail}${more}`);
    this.problems = problems;
  }
}
