/** Opens a snapshotter for the root it is given, and takes a snapshot for each message until the channel is closed. */
import { openSnapshotter } from '@muse/snapshot';
import { calledMuse } from '../libraries/muse.js';
import { timeCall } from './time-call.js';

const [root = ''] = process.argv.slice(2);
await using snapshotter = await openSnapshotter(root);
await new Promise<void>((resolve) => {
  process.on('disconnect', resolve);
  process.on('message', () => {
    void timeCall(async () => calledMuse(await snapshotter.snapshot())).then((report) =>
      process.send?.(report),
    );
  });
});
