import { define, flag, nonEmpty, value, type Help } from '../../definition.js';
import { usageError } from '../../errors.js';
import {
  jsonOptions,
  operand,
  operandHelp,
  pathOptions,
  threads,
  treeOptions,
} from '../../shared-options.js';

/** The options of commands that print differences. */
export const differenceOptions = {
  exitCode: flag('--exit-code', 'exit with 1 if there are differences'),
  ...jsonOptions,
  ...pathOptions,
  nul: { ...pathOptions.nul, conflicts: ['json', 'format', 'html', 'stat'] },
  stat: flag(
    '--stat',
    'print a table of the files with their sizes, and a sum',
    ...['json', 'format', 'nameOnly', 'html'],
  ),
  html: {
    ...value(
      '--html <file>',
      'write one HTML page that shows them into a file, whole or not at all; - is stdout',
      nonEmpty,
      'file',
    ),
    conflicts: ['json', 'format', 'nameOnly'],
  },
  threads,
  ...treeOptions,
};

export const differenceDetails = `Stdout has one line per file that differs: added, modified, deleted, or renamed as 'old -> new'. With -z, NUL ends
each part instead: the word, the path, and both paths of a renamed file, the old one first.`;

export const differenceExitCodes: NonNullable<Help['exitCodes']> = [
  [0, 'done, whether or not there are differences'],
  [1, 'with --exit-code: there are differences'],
  [3, 'otherwise, if one side is incomplete: what it lacks is named on stderr, and is not in the answer'],
  [4, 'failed: there is nothing to compare with, or it is damaged'],
];

export const diff = define({
  name: 'diff',
  summary: 'show what differs between two snapshots, manifests or directories',
  description: 'Shows what differs between two snapshots, wherever they come from.',
  arguments: {
    before: operand<string>('<a>', 'a saved snapshot, a manifest, or a directory'),
    after: operand<string | undefined>('[b]', 'another (default: the working tree)'),
  },
  options: differenceOptions,
  takesPaths: true,
  check({ before, after }) {
    if (before === '-' && after === '-')
      throw usageError("cannot read stdin twice: '-' is named more than once");
  },
  details: `${operandHelp}

Without a second operand, the first is compared with the working tree. A directory inside the tree of a saved snapshot
stands for that part of both. Write paths after -- as the answer prints them.

${differenceDetails}`,
  exitCodes: differenceExitCodes,
  examples: [
    ['muse diff latest', "as 'muse status', for the whole tree"],
    ['muse diff 1fb5cba8 9d2c01fe', 'two saved snapshots'],
    ['muse diff ../m.json .', 'what changed since a manifest was written?'],
    ['muse diff latest --stat', 'how much is it?'],
    ['muse diff latest --html ../changes.html', 'a picture of the tree and a list to search, for a browser'],
    ['muse snapshot --json | ssh host muse diff - /srv/copy', 'is the copy on that host the same?'],
  ],
});
