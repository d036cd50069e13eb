import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { becomeOrdinaryUser, built } from '@muse/testkit';

const index = built('@muse/stat-cache');

/**
 * Runs a script as a user whom permissions bind, with `StatCache` and `hashFile` at hand, and returns what it hands to
 * `answer`, over JSON. A script started by root gives up its rights once it is loaded: Node itself may be installed
 * where an ordinary user cannot start it.
 */
export async function asOrdinaryUser(script: string, before = ''): Promise<unknown> {
  const program = `
    import { StatCache, hashFile, blobId } from ${JSON.stringify(index)};
    const answer = (value) => process.stdout.write(JSON.stringify(value));
    ${becomeOrdinaryUser()}
    ${script}`;
  const run = `${before} exec "$0" --input-type=module -e "$1"`;
  const { stdout } = await promisify(execFile)('sh', ['-c', run, process.execPath, program], { cwd: '/' });
  return JSON.parse(stdout);
}
