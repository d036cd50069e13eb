import { writeSync } from 'node:fs';
import { isTerminal } from './is-terminal.js';

/** Where messages for a person go. */
export type MessageStream = Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean };

const STDERR = 2;

/**
 * Returns stderr. Where it is no terminal it is written to without Node's stream, which takes 3 ms to load and would
 * write as synchronously.
 */
export function stderrStream(): MessageStream {
  if (isTerminal(STDERR)) return listenedTo(process.stderr);
  return {
    isTTY: false,
    write(text) {
      const bytes = Buffer.from(text);
      let done = 0;
      try {
        while (done < bytes.length) done += writeSync(STDERR, bytes, done);
      } catch (error) {
        // A pipe that somebody else made not to wait is full.
        const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
        if (isFull) return listenedTo(process.stderr).write(bytes.subarray(done));
      }
      return true;
    },
  };
}

/** Whoever closed stderr does not want to hear of it, and the answer on stdout matters more. */
function listenedTo(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (stream.listenerCount('error') === 0) stream.on('error', () => undefined);
  return stream;
}
