// The script of a pool under test: does as it is told by each message.
import process from 'node:process';
import { setImmediate } from 'node:timers';
import { servePool } from '@muse/walker/scan';

servePool((message, signal) => {
  switch (message.do) {
    case 'echo':
      return { value: message.value };
    case 'transfer':
      return { value: message.value, transfer: [message.value.buffer] };
    case 'throw':
      throw new TypeError(message.why);
    case 'exit':
      return process.exit(message.code);
    case 'crash':
      setImmediate(() => {
        throw new RangeError('crashed');
      });
      return { value: undefined };
    case 'spin':
      for (;;) signal.throwIfAborted();
    case 'wait': {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.milliseconds);
      return { value: message.value };
    }
    default:
      throw new Error(`Unknown: ${message.do}`);
  }
});
