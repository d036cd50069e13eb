/**
 * Records muse at a terminal and draws it into `docs/session.svg`: `node dist/session.js`. What is typed stands here; what
 * is answered is what the command answered, on a tree in the shape of Linux. Needs `script` of util-linux.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSnapshot } from '@muse/snapshot';
import { kernelTree, tempDir } from '@muse/testkit';
import { finalLines, terminalSvg } from './session/terminal-svg.js';

const PICTURE = fileURLToPath(new URL('../../../docs/session.svg', import.meta.url));
const MUSE = fileURLToPath(import.meta.resolve('@muse/cli'));
const FILES = 75_000;

await using directory = tempDir();
const root = join(directory.path, 'linux');
mkdirSync(root);
kernelTree({ root, files: FILES });
const { manifest } = await createSnapshot(root);
const [edited = '', moved = '', removed = ''] = [...manifest.keys()].filter((path) => path.endsWith('.c'));

const lines = [
  ...muse('init'),
  ...muse('snapshot --save -m "as cloned"'),
  ...muse('snapshot'),
  ...shell(`echo "// a fix" >> ${edited}`),
  ...shell(`mv ${moved} moved.c; rm ${removed}`),
  '',
  ...muse('status'),
  ...muse('verify --sample 1%'),
];
writeFileSync(PICTURE, terminalSvg(lines, 'muse at a terminal: init, snapshot, an edit, status, verify'));

function muse(args: string): string[] {
  const command = `${process.execPath} ${MUSE} ${args}`;
  // A command that tells of differences may end with a code of its own.
  const { stdout } = spawnSync('script', ['-qc', command, '/dev/null'], { cwd: root, encoding: 'utf8' });
  return [prompt(`muse ${args}`), ...finalLines(stdout.replaceAll(root, '/src/linux')), ''];
}

function shell(command: string): string[] {
  execFileSync('sh', ['-c', command], { cwd: root });
  return [prompt(command)];
}

function prompt(command: string): string {
  return `\x1b[32m$\x1b[39m ${command}`;
}
