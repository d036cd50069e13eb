import { define } from '../../definition.js';
import { directory, json, trustOption } from '../../shared-options.js';

export const log = define({
  name: 'log',
  summary: 'list the saved snapshots',
  description: 'Lists the saved snapshots of a working tree.',
  arguments: { directory },
  options: { json, ...trustOption },
  details: `The newest comes first. Each line has the id, the time of saving, files, bytes and the note. Damaged snapshots are named
on stderr.`,
  exitCodes: [
    [0, 'all are listed'],
    [3, 'all but damaged ones are listed'],
  ],
  examples: [['muse log'], ["muse log --json | jq -r '.snapshots[0].snapshot_id'"]],
});
