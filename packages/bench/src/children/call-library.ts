/** Calls a library once in this fresh process and prints what that took: `call-library.js <name> <root> [--delay]`. */
import { loadLibrary } from '../libraries/load.js';
import { watchEventLoop } from './event-loop-watch.js';
import { timeCall } from './time-call.js';

const [name = '', root = '', mode] = process.argv.slice(2);
const call = await loadLibrary(name);
const time = () => timeCall(() => call(root));
if (mode === '--delay') {
  const { value, delay } = await watchEventLoop(time);
  console.log(JSON.stringify({ ...value, eventLoopDelay: delay }));
} else {
  console.log(JSON.stringify(await time()));
}
