import { join } from 'node:path';
import { freshDirectory } from './place.js';
import { mustRun, runCommand } from './run-command.js';
import { treeContents } from './tree-contents.js';
import { BUSY_FILE, type Place, type Tool } from './types.js';

/** Mercurial: `hg commit --addremove` records what `hg status` calls changed. */
export const mercurial: Tool = {
  name: 'Mercurial',
  version: { program: 'hg', args: ['--version', '--quiet'] },
  // More, and it is so slow to begin that the edit comes a second too late.
  busyBytes: 128 * 1024 * 1024,
  prepare: async (place) => {
    await mustRun(place, 'hg', 'init');
  },
  scan: () => ({ program: 'hg', args: ['commit', '--addremove', '--user', 'nobody', '--message', 'scan'] }),
  isDone: ({ exit, stdout }) => exit === 0 || (exit === 1 && stdout.includes('nothing changed')),
  contents: async (place) => {
    const target = join(freshDirectory(place), 'tree');
    const args = ['archive', '--rev', 'tip', '--exclude', BUSY_FILE, '--type', 'files', target];
    const { exit } = await runCommand(place, { program: 'hg', args });
    return exit === 0 ? treeContents(target) : undefined;
  },
  stateDirectories: ({ root }: Place) => [join(root, '.hg')],
  memory: ({ root }) => Promise.resolve(join(root, '.hg', 'dirstate')),
};
