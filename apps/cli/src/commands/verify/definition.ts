import { define, flag, nonEmpty, value } from '../../definition.js';
import { directory, jsonOptions, operandHelp, threads, treeOptions } from '../../shared-options.js';

export const verify = define({
  name: 'verify',
  summary: 'read every byte again, and compare it with the cache',
  description: 'Reads every byte of a working tree again, trusting no stat, and compares it with the cache.',
  arguments: { directory },
  options: {
    sample: value('--sample <percent>', 'verify a random sample, e.g. 1%', percentage),
    against: value(
      '--against <snapshot>',
      'compare with a saved snapshot, a manifest or a list of sha256sum instead of the cache',
      nonEmpty,
      'snapshot',
    ),
    strict: flag('--strict', 'exit with 1 on edited and missing files too; with --against, on new ones too'),
    ...jsonOptions,
    threads,
    ...treeOptions,
  },
  details: `Stdout has one line per file that differs from the cache:
  mismatch  the bytes differ but the stat does not: the disk lost them, or an edit left no trace
  missing   the cache has it, and it is gone
  edited    stat and bytes differ: the next snapshot will see that
  touched   the stat differs, the bytes do not
With --against the words are:
  changed   the bytes differ
  missing   it is gone
  moved     its content is under another name
  new       it was not there before
What a rule leaves out and the snapshot has is named on stderr as not compared. The cache and the working tree are left
alone. A mismatch is read twice before it is reported.

${operandHelp}
For --against it is no directory; the paths in a manifest or a list begin at [dir].`,
  exitCodes: [
    [0, 'no mismatch, and with --strict no edited or missing file; with --against, nothing but new files'],
    [
      1,
      'a mismatch, or with --strict an edited or missing file; with --against, a changed, missing or moved file',
    ],
    [3, 'otherwise, if something could not be read or compared: it is named on stderr'],
    [4, 'failed: there is nothing to compare with, or a rule leaves the directory out'],
  ],
  examples: [
    ['muse verify', 'everything'],
    ['muse verify --against latest', 'is everything as it was saved?'],
    ['muse verify --against ../SHA256SUMS', '… and as this list of sha256sum says?'],
    ['muse verify --sample 1% --quiet', 'a little every night, each time other files'],
    ['muse verify --strict ~/src/linux', 'is everything as it was at the last snapshot?'],
    ["muse verify --json | jq '.mismatch[].path'"],
  ],
});

/** Returns the share that a percentage is; a bare number might be meant as either. */
function percentage(text: string): number {
  const percent = /^[0-9]+(?:\.[0-9]+)?%$/.test(text) ? Number(text.slice(0, -1)) : 0;
  if (percent > 0 && percent <= 100) return percent / 100;
  throw new RangeError('It must be a percentage above 0% and up to 100%, such as 1%.');
}
