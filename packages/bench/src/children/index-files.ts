/**
 * Enters the files of a list into the index of a repository and commits them: `index-files.js <root> <list> <repository>`.
 * Their contents are hashed and not kept: a disk takes minutes to write, and to remove, what no `git status` reads.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [root = '', list = '', repository = ''] = process.argv.slice(2);
// Names are bytes, which latin1 keeps.
const paths = lines(readFileSync(list, 'latin1'));
const ids = lines(git(['hash-object', '--no-filters', '--stdin-paths'], readFileSync(list)));
const entries = paths.map((path, index) => `100644 ${ids[index] ?? ''}\t${path}\0`).join('');
git(['update-index', '-z', '--index-info'], Buffer.from(entries, 'latin1'));
git(['update-index', '-q', '--refresh']);
// What the list leaves out: links, and names that it cannot hold.
git(['add', '--all', '--force', '--', '.', ':(exclude,top).muse']);
const [tree = ''] = lines(git(['write-tree', '--missing-ok']));
const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost'];
const [commit = ''] = lines(git([...author, 'commit-tree', '-m', 'tree', tree]));
git(['update-ref', 'HEAD', commit]);

function git(args: readonly string[], input?: Buffer): string {
  return execFileSync('git', [`--git-dir=${repository}`, `--work-tree=${root}`, ...args], {
    cwd: root,
    input: input ?? '',
    maxBuffer: Infinity,
    encoding: 'latin1',
  });
}

function lines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
