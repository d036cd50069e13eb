import type { OracleAnswer } from '@muse/testkit';
import { muse, type Ended, type RunOptions } from './muse-process.js';

/** What `muse snapshot --json` prints, as far as these tests look at it. */
export interface SnapshotDocument {
  readonly snapshot_id: string;
  readonly complete: boolean;
  readonly files: number;
  readonly manifest: Readonly<Record<string, string>>;
  readonly problems: readonly { readonly path: string; readonly kind: string; readonly code: string }[];
  readonly stats: {
    readonly hits: number;
    readonly hashed_files: number;
    readonly racy: number;
    readonly pruned: number;
  };
}

/** A run that printed a snapshot. */
export interface Answered extends Ended {
  readonly document: SnapshotDocument;
  /** The id and the manifest, in the form of the oracle's answer. */
  readonly answer: OracleAnswer;
  /** The warnings on stderr. */
  readonly warnings: readonly string[];
}

/**
 * Takes a snapshot of a root in a process of its own; fails with all that it wrote when it printed none. `args` are more
 * of the command line.
 */
export async function takeSnapshot(
  root: string,
  { args = [], ...options }: RunOptions & { readonly args?: readonly string[] } = {},
): Promise<Answered> {
  const ended = await muse(['snapshot', '--json', ...args, root], options);
  const { code, signal, stdout, stderr } = ended;
  if (stdout === '') {
    throw new Error(`No snapshot of ${root}: exit code ${String(code)}, signal ${String(signal)}\n${stderr}`);
  }
  const document = JSON.parse(stdout) as SnapshotDocument;
  // An object moves keys such as "10" to the front, a Map compares equal in any order.
  const answer = { id: document.snapshot_id, manifest: new Map(Object.entries(document.manifest)) };
  const warnings = stderr.split('\n').filter((line) => line.startsWith('muse: warning: '));
  return { ...ended, document, answer, warnings };
}
