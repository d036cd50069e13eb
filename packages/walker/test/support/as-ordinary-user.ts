import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { becomeOrdinaryUser, built } from '@muse/testkit';

const index = built('@muse/walker');

/**
 * Runs a script as a user whom permissions bind, with `walk` and `resolveRoot` at hand, and returns what it hands to `answer`, over JSON.
 * A script started by root gives up its rights once it is loaded: Node itself may be where others cannot start it.
 */
export async function asOrdinaryUser(script: string): Promise<unknown> {
  const program = `
    import { resolveRoot, walk } from ${JSON.stringify(index)};
    const answer = (value) => process.stdout.write(JSON.stringify(value));
    ${becomeOrdinaryUser()}
    ${script}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: '/',
  });
  return JSON.parse(stdout);
}
