import { choice, define, flag, nonEmpty, value } from '../../definition.js';
import { usageError } from '../../errors.js';
import { directory, jsonOptions, threads, treeOptions } from '../../shared-options.js';

export const snapshot = define({
  name: 'snapshot',
  summary: 'print the snapshot id of a working tree, or its manifest',
  description: 'Prints what is in a working tree: its snapshot id, or the whole manifest.',
  arguments: { directory },
  options: {
    json: {
      ...jsonOptions.json,
      text: 'print one JSON document with manifest, problems and counts',
    },
    format: choice(
      '--format <form>',
      'print a line per file, as sha256sum -c or a reader of JSON lines takes it; json is the same as --json',
      ['sha256sum', 'ndjson', 'json'],
    ),
    output: value(
      '-o, --output <file>',
      'write the manifest to a file, whole or not at all, as JSON unless --format says otherwise; - is stdout',
      nonEmpty,
      'file',
    ),
    save: flag('--save', 'save the snapshot under .muse/snapshots, to compare with later'),
    note: value('-m, --note <text>', 'a note to save with it', String),
    noCache: flag('--no-cache', 'read every file; neither use nor update the cache'),
    threads,
    ...treeOptions,
  },
  check({ note, save }) {
    if (note !== undefined && !save) throw usageError("a note needs '--save': it is saved with the snapshot");
  },
  details: `Stdout carries the answer alone; the summary, hints and problems go to stderr.

A directory below one that has a .muse uses the cache and the .museignore there, and has the id that it would have by
itself. Without a .muse nothing is cached: run 'muse init'.

Left out are .muse and .git, symbolic links and special files, and what the rules say. Of several rules that match, the
last decides: .gitignore files come first (with --gitignore), then .museignore, then each --ignore-file, then each
--exclude. 'muse explain' names the rule.`,
  examples: [
    ['muse snapshot', 'one line: the snapshot id'],
    ['muse snapshot ~/src/linux --json', 'manifest, problems and counts in one document'],
    ['muse snapshot --format sha256sum | sha256sum -c --quiet', 'check the files with another program'],
    ['muse snapshot --format ndjson -o ../m.ndjson', 'one line per file, into a file'],
    ['muse snapshot packages/foo', 'did this package change?'],
    ["muse snapshot --save -m 'before the upgrade'", "save it for 'muse status' and 'muse diff'"],
    ['muse snapshot --gitignore', 'leave out what git ignores'],
    ['muse snapshot --ignore-file ci.toml', 'use more patterns than those of .museignore'],
    ["muse snapshot --exclude '*.log'", 'and one more'],
  ],
});
