import { define } from '../../definition.js';
import { directory } from '../../shared-options.js';
import { differenceDetails, differenceExitCodes, differenceOptions } from '../diff/definition.js';

export const status = define({
  name: 'status',
  summary: 'show what changed since the last saved snapshot',
  description: 'Shows what changed in a working tree since its last saved snapshot.',
  arguments: { directory },
  options: differenceOptions,
  takesPaths: true,
  details: differenceDetails,
  exitCodes: differenceExitCodes,
  examples: [
    ['muse status'],
    ['muse status --stat', '… with sizes, and a sum'],
    ['muse status --html ../changes.html', 'a picture of the tree and a list to search, for a browser'],
    ['muse status --exit-code --quiet || make', 'build only if something changed'],
    ['muse status --name-only -z | xargs -0 ls -ld --'],
  ],
});
