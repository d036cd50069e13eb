import { define } from '../../definition.js';
import { jsonOptions, operand, operandHelp, pathOptions, trustOption } from '../../shared-options.js';

export const show = define({
  name: 'show',
  summary: 'show one snapshot and its files',
  description: 'Shows one snapshot: what is known about it, and the object id of each file.',
  arguments: { snapshot: operand<string>('<snapshot>', 'a saved snapshot, a manifest, or a directory') },
  options: { ...jsonOptions, ...pathOptions, ...trustOption },
  details: operandHelp,
  examples: [
    ['muse show latest'],
    ['muse show 1fb5cba8 --name-only'],
    ['muse show 1fb5cba8 --json > ../m.json', 'turn it into a manifest'],
  ],
});
