import { argument, define } from '../../definition.js';
import { usageError } from '../../errors.js';

export const hash = define({
  name: 'hash',
  summary: 'print the object ids of files',
  description: 'Prints the object id of each file, and its name.',
  arguments: { files: argument<readonly string[]>('<file...>', 'the files; - is stdin', 'file') },
  options: {},
  check({ files }) {
    if (files.indexOf('-') !== files.lastIndexOf('-')) {
      throw usageError("cannot read stdin twice: '-' is named more than once");
    }
  },
  details: 'Symbolic links are followed. A file that cannot be read does not stop the others.',
  examples: [
    ['muse hash README.md LICENSE'],
    ['git show HEAD:README.md | muse hash -'],
    ['muse hash -- -name-with-a-dash'],
  ],
});
