/** Prints how many milliseconds a process waits for its first answer: `first-answer.js <root> <scan or watch>`. */
import { openSnapshotter } from '@muse/snapshot';

const [root = '', how = ''] = process.argv.slice(2);
await using snapshotter = await openSnapshotter(root, { watch: how === 'watch' });
const started = performance.now();
await snapshotter.snapshot({ deferManifest: true });
console.log(performance.now() - started);
