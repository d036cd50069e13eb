// What `--help` prints after the usage and the options of each command.

export const rootHelp = `
Examples:
  muse init                    keep a cache for this directory
  muse snapshot                print the id of what is in it now
  muse snapshot -o ../m.json   write the whole manifest to a file
  muse snapshot --save -m green
                               keep it, to compare with later
  muse status                  what changed since the last one that was saved?
  muse diff ../m.json          what changed since that manifest?
  muse explain src/main.c      say why it would be read again, or left out
  muse verify                  read every byte again, trusting no stat
  muse hash README.md          print the id of one file

Exit codes:
  0  done
  1  there are differences: verify, and status and diff with --exit-code
  2  wrong usage, or a broken configuration file
  3  done, but incomplete: each file that is missing in the answer is named on stderr
  4  failed
  141 the reader of stdout went away
A signal ends it as it ends any program, and leaves no temporary file behind.

'muse <command> --help' tells more about a command.`;

export const initHelp = `
What exists already is left as it is, so it does no harm to run this twice. .muse/.gitignore keeps .muse out of git.
Within a directory that has a .muse, one more makes a tree of its own; stderr says so.

Examples:
  muse init
  muse init ~/src/linux`;

export const snapshotHelp = `
Stdout carries the answer alone; the summary, hints and problems go to stderr.
A directory within one that has a .muse uses the cache and the .museignore up there, and its id is the same as if
it stood alone. Without a .muse nothing is cached: 'muse init' changes that.

Examples:
  muse snapshot                          one line: the snapshot id
  muse snapshot ~/src/linux --json       manifest, problems and counts in one document
  muse snapshot --format sha256sum | sha256sum -c --quiet
                                         check the files with another program
  muse snapshot --format ndjson -o ../m.ndjson
                                         a line for each file, into a file
  muse snapshot packages/foo             did the content of this package change?
  muse snapshot --save -m 'before the upgrade'
                                         keep it for 'muse status' and 'muse diff'
  muse snapshot --gitignore              without what git leaves out
  muse snapshot --ignore-file ci.toml    with more patterns than those of .museignore
  muse snapshot --exclude '*.log'        with one more

What is left out: .muse and .git, links and special files; what .museignore says; with --gitignore what git leaves
out of untracked files. A later rule takes back in what an earlier one leaves out: .gitignore comes first, then
.museignore, then each --ignore-file, then each --exclude. 'muse explain' names the rule.`;

const operandHelp = `A snapshot is named by one of these:
  sha256:1fb5cba8, 1fb5cba8  a saved one: its id, or the beginning of it that no other has, four digits at least
                             without 'sha256:'
  latest, latest~1           the one that was saved last of the directory beside it, or the one before
  m.json                     a manifest that 'muse snapshot -o' or '--format ndjson' wrote
  -                          such a manifest on stdin
  src                        a directory, as it is now
Saved ones are those of the working tree that the current directory is in. Where a file or directory is called like
one, './' before it tells which is meant.`;

const differenceHelp = `Stdout has a line for each file that differs: added, modified, deleted, or renamed as 'old -> new'. With -z, NUL ends
each part instead: the word, the path, and of a renamed file both paths, the old one first.`;

const differenceExitHelp = `Exit codes:
  0  done, whether or not there are differences
  1  with --exit-code: there are differences
  3  otherwise, when one of the two is incomplete: what it lacks is named on stderr, and is not in the answer
  4  failed: there is nothing to compare with, or it is damaged`;

export const statusHelp = `
${differenceHelp}

${differenceExitHelp}

Examples:
  muse status
  muse status --exit-code --quiet || make
                                         build only where something changed
  muse status --name-only -z | xargs -0 ls -ld --`;

export const diffHelp = `
${operandHelp}
Without a second one the first is compared with the working tree. A directory in the tree of a saved one means that part
of both. Paths after -- are as the answer prints them.

${differenceHelp}

${differenceExitHelp}

Examples:
  muse diff latest                       as 'muse status', for the whole tree
  muse diff 1fb5cba8 9d2c01fe            two saved snapshots
  muse diff ../m.json .                  what changed since a manifest was written?
  muse snapshot --json | ssh host muse diff - /srv/copy
                                         is the copy over there the same?`;

export const logHelp = `
The newest comes first: its id, when it was saved, files, bytes, and its note. A damaged one is named on stderr.

Exit codes:
  0  all are listed
  3  all but damaged ones are listed

Examples:
  muse log
  muse log --json | jq -r '.snapshots[0].snapshot_id'`;

export const showHelp = `
${operandHelp}

Examples:
  muse show latest
  muse show 1fb5cba8 --name-only
  muse show 1fb5cba8 --json > ../m.json  a manifest again`;

export const verifyHelp = `
Stdout has a line for each file that is not as the cache has it:
  mismatch  the bytes differ and the stat does not: the disk lost them, or an edit left no trace
  missing   the cache has it, and it is gone
  edited    stat and bytes differ: the next snapshot sees that
  touched   the stat differs, the bytes do not
The cache and the working tree stay as they are. A mismatch was read twice.

Exit codes:
  0  nothing of that kind; edited and missing files count with --strict only, touched ones never
  1  there is a mismatch, or with --strict an edited or missing file
  3  otherwise, when something could not be read: it is named on stderr
  4  failed: there is nothing to compare with, or the directory is left out

Examples:
  muse verify                            everything
  muse verify --against latest           is everything as it was saved?
  muse verify --sample 1% --quiet        a little every night: each time other files
  muse verify --strict ~/src/linux       is everything as it was at the last snapshot?
  muse verify --json | jq '.mismatch[].path'`;

export const explainHelp = `
Paths are relative to the current directory. Each belongs to the nearest directory above it, or itself, that has
a .muse; where there is none, to the current directory. Nothing is read but names, stats and the cache.

Exit codes:
  0  every path is explained
  4  one of them does not exist

Examples:
  muse explain src/main.c                is it read again, and why?
  muse explain build/out.o               which rule leaves it out?
  muse explain --gitignore dist/x.js     … of those of git, too?
  muse explain --json * | jq '.explanations[].outcome'`;

export const cacheHelp = `
Examples:
  muse cache info
  muse cache clear ~/src/linux`;

const cacheOfHelp = `A directory within one that has a .muse has the cache up there, which is one for the whole.`;

export const cacheInfoHelp = `
${cacheOfHelp}

Examples:
  muse cache info
  muse cache info --json ~/src/linux | jq .entries`;

export const cacheClearHelp = `
It removes .muse/cache/stat.json where that is a regular file in real directories; a link is left alone.
${cacheOfHelp}

Exit codes:
  0  removed, or there was none
  4  not removed: something else is in its place

Examples:
  muse cache clear
  muse cache clear ~/src/linux && muse snapshot ~/src/linux`;

export const hashHelp = `
A link is followed. One file that cannot be read does not stop the others.

Examples:
  muse hash README.md LICENSE
  git show HEAD:README.md | muse hash -
  muse hash -- -name-with-a-dash`;

export const completionHelp = `
Examples:
  source <(muse completion bash)         in ~/.bashrc
  source <(muse completion zsh)          in ~/.zshrc, below compinit
  muse completion fish > ~/.config/fish/completions/muse.fish
                                         once`;
