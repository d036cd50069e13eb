import { readdirSync, readFileSync } from 'node:fs';

/** Returns the number of inotify watches of this process. */
export function inotifyWatches(): number {
  let watches = 0;
  for (const descriptor of readdirSync('/proc/self/fdinfo')) {
    try {
      const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
      watches += info.split('\n').filter((line) => line.startsWith('inotify ')).length;
    } catch {
      // The descriptor by which the directory was read.
    }
  }
  return watches;
}
