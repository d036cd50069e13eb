import { unlinkSync } from 'node:fs';
import { toOpenable } from '@muse/paths';
import type { TemporaryFiles } from '@muse/stat-cache';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Returns what removes temporary files where a signal or a failure ends the process before their maker does.
 *
 * It listens for signals only while there is such a file, because a listener runs when the event loop turns, and whatever
 * blocks that would keep the process alive. At all other times the default action ends it, wherever it is blocked.
 */
export function removedAtTheEnd(): TemporaryFiles {
  const paths = new Set<string>();
  const heard = signals.filter((signal) => process.listenerCount(signal) === 0);

  const end = (signal: NodeJS.Signals): void => {
    // First of all: should the removal block, the next signal ends it.
    for (const each of heard) process.off(each, end);
    remove();
    process.kill(process.pid, signal);
  };
  const remove = (): void => {
    for (const path of paths) {
      try {
        unlinkSync(toOpenable(path));
      } catch {
        // Not made yet, or renamed by now.
      }
    }
  };
  return {
    add(path) {
      if (paths.size === 0) {
        for (const signal of heard) process.on(signal, end);
        process.on('exit', remove);
      }
      paths.add(path);
    },
    delete(path) {
      paths.delete(path);
      if (paths.size > 0) return;
      for (const signal of heard) process.off(signal, end);
      process.off('exit', remove);
    },
  };
}
