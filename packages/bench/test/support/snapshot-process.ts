import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freshDist } from '@muse/testkit';

/** What a process that took one snapshot says of it. */
export interface SnapshotReport {
  readonly id: string;
  readonly complete: boolean;
  readonly files: number;
  readonly hashedFiles: number;
  /** By how much the snapshot raised the most memory that the process had resident, in KiB. */
  readonly grownKiB: number;
  readonly saveError?: string;
}

const script = join(freshDist('@muse/bench'), 'take-snapshot.js');

/** Takes a snapshot of a root in a process of its own. */
export async function snapshotProcess(root: string): Promise<SnapshotReport> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, root]);
  return JSON.parse(stdout) as SnapshotReport;
}
