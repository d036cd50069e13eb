import { join } from 'node:path';
import { freshDirectory } from './place.js';
import { runCommand } from './run-command.js';
import { treeContents } from './tree-contents.js';
import { BUSY_FILE, type Command, type Place, type Tool } from './types.js';

/** restic: `restic backup`, which reads only what differs from the last snapshot of the same directory. */
export const restic: Tool = {
  name: 'restic',
  version: { program: 'restic', args: ['version'] },
  busyBytes: 1024 * 1024 * 1024,
  prepare: async (place) => {
    const { exit, stderr } = await runCommand(place, resticCommand(place, 'init'));
    if (exit !== 0) throw new Error(`restic init ended with ${exit}: ${stderr.toString()}`);
  },
  scan: (place) => resticCommand(place, 'backup', '.'),
  isDone: ({ exit }) => exit === 0,
  contents: async (place, scan) => {
    // 3 is a snapshot without what could not be read.
    if (scan.exit !== 0 && scan.exit !== 3) return undefined;
    const target = freshDirectory(place);
    // Without the cache: what is asked is what the repository has.
    const args = ['restore', 'latest', '--no-cache', '--exclude', BUSY_FILE, '--target', target];
    const { exit } = await runCommand(place, resticCommand(place, ...args));
    return exit === 0 ? treeContents(target) : undefined;
  },
  stateDirectories: ({ state }) => [join(state, 'restic-repository'), join(state, 'restic-cache')],
  memory: ({ state }) => Promise.resolve(join(state, 'restic-cache')),
};

function resticCommand({ state }: Place, ...args: string[]): Command {
  const settings = [
    `RESTIC_REPOSITORY=${join(state, 'restic-repository')}`,
    `RESTIC_CACHE_DIR=${join(state, 'restic-cache')}`,
    'RESTIC_PASSWORD=nothing to hide',
  ];
  return { program: 'env', args: [...settings, 'restic', ...args] };
}
