import { unlinkSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { toFsPath } from '@muse/paths';
import type { TemporaryFiles } from '@muse/paths/files';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** The longest that a removal takes, unless its file system does not answer. */
const MOST_MS = 1000;

const paths = new Set<string>();
/** The signals that `end` listens for: those that nobody else does, such as `nohup`. */
let heard: readonly NodeJS.Signals[] = [];
let isEnding = false;

/**
 * Removes temporary files where a signal or a failure ends the process before their maker does.
 *
 * It listens for signals only while there is such a file, because a listener runs when the event loop turns, and whatever
 * blocks that would keep the process alive. At all other times the default action ends it, wherever it is blocked.
 */
export const temporaryFiles: TemporaryFiles = {
  add(path) {
    if (paths.size === 0) {
      heard = signals.filter((signal) => process.listenerCount(signal) === 0);
      for (const signal of heard) process.on(signal, end);
      process.on('exit', remove);
    }
    paths.add(path);
  },
  delete(path) {
    paths.delete(path);
    if (paths.size === 0) stopListening();
  },
};

function end(signal: NodeJS.Signals): void {
  // One signal often comes twice, to the process and to its group: the second one must not be quicker than the removal.
  if (isEnding) return;
  isEnding = true;
  const raise = (): void => {
    stopListening();
    // From here on the next signal ends it, should this block. Most of it is done.
    remove();
    process.kill(process.pid, signal);
  };
  setTimeout(raise, MOST_MS);
  void Promise.allSettled(Array.from(paths, (path) => unlink(toFsPath(path)))).then(raise);
}

function stopListening(): void {
  for (const signal of heard) process.off(signal, end);
  process.off('exit', remove);
}

function remove(): void {
  for (const path of paths) {
    try {
      unlinkSync(toFsPath(path));
    } catch {
      // Not made yet, or renamed by now.
    }
  }
}
