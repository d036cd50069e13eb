import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { treePathToBytes } from '@muse/paths';
import { parseManifest } from '@muse/snapshot';
import { mustRun } from './run-command.js';
import { BUSY_FILE, type Ran, type Tool } from './types.js';

const main = fileURLToPath(import.meta.resolve('@muse/cli'));
const INCOMPLETE = 3;

/** muse: `muse snapshot`, the command as a whole process. */
export const muse: Tool = {
  name: 'muse',
  version: { program: process.execPath, args: [main, '--version'] },
  busyBytes: 4 * 1024 * 1024 * 1024,
  prepare: async (place) => {
    await mustRun(place, process.execPath, main, 'init');
  },
  scan: () => ({ program: process.execPath, args: [main, 'snapshot', '--json'] }),
  isDone: ({ exit }) => exit === 0,
  contents: (_place, scan) => Promise.resolve(manifestOf(scan)),
  stateDirectories: ({ root }) => [join(root, '.muse')],
  memory: ({ root }) => Promise.resolve(join(root, '.muse', 'cache')),
};

function manifestOf({ exit, stdout }: Ran): Map<string, string> | undefined {
  if (exit !== 0 && exit !== INCOMPLETE) return undefined;
  const files = [...parseManifest(stdout)].map(([path, id]) => {
    return [treePathToBytes(path).toString('latin1'), id.slice('sha256:'.length)] as const;
  });
  return new Map(files.filter(([name]) => name !== BUSY_FILE));
}
