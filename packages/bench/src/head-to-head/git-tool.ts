import { join } from 'node:path';
import { mustRun, runCommand } from './run-command.js';
import { digest } from './tree-contents.js';
import { BUSY_FILE, type Contents, type Place, type Tool } from './types.js';

/**
 * git: `git add --all` reads only the files whose stat is not the one in the index; `git commit` then refuses an index that
 * names objects it does not have.
 */
export const git: Tool = {
  name: 'git',
  version: { program: 'git', args: ['--version'] },
  busyBytes: 1024 * 1024 * 1024,
  prepare: async (place) => {
    await mustRun(place, 'git', 'init', '--quiet');
    await mustRun(place, 'git', 'config', 'user.name', 'nobody');
    await mustRun(place, 'git', 'config', 'user.email', 'nobody@example.org');
  },
  scan: () => ({
    program: 'sh',
    args: ['-c', 'git add --all && git commit --quiet --allow-empty --message scan'],
  }),
  isDone: ({ exit }) => exit === 0,
  contents: committedContents,
  stateDirectories: ({ root }) => [join(root, '.git')],
  memory: ({ root }) => Promise.resolve(join(root, '.git', 'index')),
};

async function committedContents(place: Place): Promise<Contents | undefined> {
  const listed = await runCommand(place, { program: 'git', args: ['ls-tree', '-r', '-z', 'HEAD'] });
  if (listed.exit !== 0) return undefined;
  const contents = new Map<string, string>();
  for (const line of listed.stdout.toString('latin1').split('\0').filter(Boolean)) {
    const [, , id = '', name = ''] = /^(\d+) blob (\w+)\t([^]*)$/.exec(line) ?? [];
    if (name === BUSY_FILE) continue;
    const blob = await runCommand(place, { program: 'git', args: ['cat-file', 'blob', id] });
    contents.set(name, blob.exit === 0 ? digest(blob.stdout) : `no object ${id}`);
  }
  return contents;
}
