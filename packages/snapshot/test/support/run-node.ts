import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { becomeOrdinaryUser, built } from '@muse/testkit';

const snapshotIndex = built('@muse/snapshot');
const cacheIndex = built('@muse/stat-cache');

export interface RunNodeOptions {
  /** Gives up the rights of root once everything is loaded, so that permissions bind. */
  readonly ordinary?: boolean;
  /** A command in front of `node`, such as a tracer. */
  readonly before?: string;
  readonly timeout?: number;
  /** Options of Node itself. */
  readonly flags?: string;
}

/**
 * Runs a script in a process of its own, with the public names of `@muse/snapshot` and `StatCache` at hand, and
 * returns what it hands to `answer`, over JSON. Rejects when it does not end by itself, with status 0.
 */
export async function runNode(script: string, options: RunNodeOptions = {}): Promise<unknown> {
  const { ordinary = false, before = '', timeout = 200_000, flags = '' } = options;
  const program = `
    import * as muse from ${JSON.stringify(snapshotIndex)};
    import { StatCache } from ${JSON.stringify(cacheIndex)};
    const { createSnapshot, openSnapshotter, buildSnapshotManifest } = muse;
    const answer = (value) => process.stdout.write(JSON.stringify(value));
    const plain = ({ manifest, saveError, ...rest }) =>
      ({ ...rest, manifest: [...manifest], saveError: saveError && String(saveError) });
    ${ordinary ? becomeOrdinaryUser() : ''}
    ${script}`;
  const command = `exec ${before} "$0" ${flags} --input-type=module -e "$1"`;
  const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, program], {
    cwd: '/',
    timeout,
    maxBuffer: 1 << 26,
  });
  return stdout === '' ? undefined : (JSON.parse(stdout) as unknown);
}
