import { define, flag, value } from '../../definition.js';
import { directory, threads, treeOptions } from '../../shared-options.js';

export const watch = define({
  name: 'watch',
  summary: 'print a line of JSON for each change to a working tree, until it is ended',
  description: 'Prints one line of JSON for the working tree as it is, then one for each change to it.',
  arguments: { directory },
  options: {
    settle: value(
      '--settle <ms>',
      'a change is over once nothing has happened for so many milliseconds (default: 50)',
      milliseconds,
    ),
    noId: flag('--no-id', 'print no snapshot id: a change to a large tree is told some milliseconds sooner'),
    threads,
    ...treeOptions,
  },
  details: `A line has the counts of the tree after the change, its snapshot id, and the files that are added, modified, deleted and
renamed since the line before, named as 'muse diff --json' names them. The first line has event "start" and lists none, all
others have event "change". A file that cannot be read is unknown, and a later line tells what has become of it. Where "complete"
is false, "problems" says why.

On Linux the system tells of changes, and what is printed is as good as a scan; "by" says which it was. Where the system cannot
tell, a warning says why, and the tree is scanned about once a second.

Watching ends with its reader, its terminal, or its directory: when that is renamed, removed, replaced or unmounted. Lines
never pile up: what changes while a slow reader reads is one change. Nothing runs in the background.`,
  exitCodes: [
    [2, 'wrong usage, or a broken configuration file, also one that was edited meanwhile'],
    [4, 'failed: the directory is gone'],
    [141, 'the reader of stdout went away'],
  ],
  examples: [
    ['muse watch', 'each change below the current directory'],
    ['muse watch src | while read -r line; do make; done', 'build at once, then at each change'],
    ["muse watch --exclude '*.log' packages/foo", 'of one directory, without its logs'],
    ["muse watch --no-id | jq -r '.modified[].path'", 'the files that are edited'],
    ['muse watch | sed -n 2q', 'wait for one change'],
  ],
});

/** Reads a number of milliseconds. */
function milliseconds(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new RangeError('It must be a whole number of milliseconds.');
}
