import { define, positiveInteger, value } from '../../definition.js';
import { directory, jsonOptions, trustOption } from '../../shared-options.js';

export const log = define({
  name: 'log',
  summary: 'list the saved snapshots',
  description: 'Lists the saved snapshots of a working tree.',
  arguments: { directory },
  options: {
    limit: value('-n, --max-count <n>', 'list the n newest', positiveInteger),
    ...jsonOptions,
    ...trustOption,
  },
  details: `The newest comes first. Each line has the id, the time of saving, files, bytes and the note. Damaged snapshots are named
on stderr.`,
  exitCodes: [
    [0, 'all are listed'],
    [3, 'damaged ones are passed over: they are named on stderr'],
  ],
  examples: [['muse log'], ['muse log -n 5'], ["muse log --json | jq -r '.snapshots[0].snapshot_id'"]],
});
