import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freshDirectory } from './place.js';
import { runCommand } from './run-command.js';
import { treeContents } from './tree-contents.js';
import { BUSY_FILE, type Command, type Place, type Tool } from './types.js';

let archives = 0;

/** borg: `borg create` with its files cache as it is by default. */
export const borg: Tool = {
  name: 'borg',
  version: { program: 'borg', args: ['--version'] },
  busyBytes: 1024 * 1024 * 1024,
  prepare: async (place) => {
    const { exit, stderr } = await runCommand(
      place,
      borgCommand(place, 'init', '--encryption=none', repository(place)),
    );
    if (exit !== 0) throw new Error(`borg init ended with ${exit}: ${stderr.toString()}`);
  },
  scan: (place) => borgCommand(place, 'create', `${repository(place)}::${++archives}`, '.'),
  isDone: ({ exit }) => exit === 0,
  contents: async (place, scan) => {
    // 0 is success and 1 a warning: an archive was made. Above, there may be none.
    if (scan.exit > 1) return undefined;
    const cwd = freshDirectory(place);
    const archive = `${repository(place)}::${archives}`;
    const extract = borgCommand(place, 'extract', '--exclude', BUSY_FILE, archive);
    const { exit } = await runCommand(place, { ...extract, cwd });
    return exit <= 1 ? treeContents(cwd) : undefined;
  },
  stateDirectories: ({ state }) => [join(state, 'borg-repository'), join(state, 'borg-base')],
  memory: ({ state }) => {
    const caches = join(state, 'borg-base', '.cache', 'borg');
    const [cache = ''] = readdirSync(caches).filter((name) => /^[0-9a-f]{64}$/.test(name));
    return Promise.resolve(join(caches, cache, 'files'));
  },
};

function repository({ state }: Place): string {
  return join(state, 'borg-repository');
}

function borgCommand({ state }: Place, ...args: string[]): Command {
  const settings = [
    `BORG_BASE_DIR=${join(state, 'borg-base')}`,
    'BORG_PASSPHRASE=',
    'BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes',
    'BORG_RELOCATED_REPO_ACCESS_IS_OK=yes',
  ];
  return { program: 'env', args: [...settings, 'borg', ...args] };
}
