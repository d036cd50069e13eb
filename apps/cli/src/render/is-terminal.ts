import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Returns whether a file descriptor is a terminal; false when it is closed. */
export function isTerminal(descriptor: number): boolean {
  try {
    // Asked first because it needs no module: Node's for terminals loads its network too.
    return fstatSync(descriptor).isCharacterDevice() && isatty(descriptor);
  } catch {
    return false;
  }
}
