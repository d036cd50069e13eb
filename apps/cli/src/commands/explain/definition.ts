import { argument, define } from '../../definition.js';
import { usageError } from '../../errors.js';
import { jsonOptions, treeOptions } from '../../shared-options.js';

export const explain = define({
  name: 'explain',
  summary: 'say whether and why a path would be read again, or left out',
  description: 'Says what the next snapshot does with each path, and why: hit, read again, or left out.',
  arguments: { names: argument<readonly string[]>('<path...>', 'files or directories', 'file') },
  options: { ...jsonOptions, ...treeOptions },
  check({ names }) {
    if (names.includes(''))
      throw usageError('a path must not be empty', "write '.' for the current directory");
  },
  details: `Paths are relative to the current directory. A path belongs to the nearest directory that has a .muse, itself or above
it; without one, to the current directory. Only names, stats and the cache are read.`,
  exitCodes: [
    [0, 'every path is explained'],
    [4, 'a path does not exist'],
  ],
  examples: [
    ['muse explain src/main.c', 'is it read again, and why?'],
    ['muse explain build/out.o', 'which rule leaves it out?'],
    ['muse explain --gitignore dist/x.js', "… with git's rules"],
    ["muse explain --json * | jq '.explanations[].outcome'"],
  ],
});
