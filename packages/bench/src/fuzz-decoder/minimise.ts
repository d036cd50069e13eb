import type { Checked } from './check.js';
import { rechecked } from './mutate.js';

const MOST_TRIES = 1500;

/** Returns a fault without the numbers and names that differ from text to text. */
export function kindOfFault(fault: string): string {
  return fault.replaceAll(/"[^]*"/g, '"…"').replaceAll(/U\+[0-9A-F]+|\d+/g, 'N');
}

/** Returns a smaller text with the same kind of fault, as small as cutting pieces out makes it. */
export function minimise(bytes: Buffer, fault: string, check: (text: Buffer) => Checked): Buffer {
  const kind = kindOfFault(fault);
  let tries = 0;
  let smallest = bytes;
  for (let size = bytes.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < smallest.length && tries < MOST_TRIES;) {
      const cut = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      tries += 2;
      const fit = [cut, rechecked(cut)].find(
        (text) => text.length < smallest.length && hasFault(check(text), kind),
      );
      if (fit) smallest = fit;
      else at += size;
    }
  }
  return smallest;
}

function hasFault({ fault }: Checked, kind: string): boolean {
  return fault !== undefined && kindOfFault(fault) === kind;
}
