import { setFlagsFromString } from 'node:v8';

/** A tree with more files is worth a module of 2 ms. */
export const MANY_FILES = 4000;

/** Sets V8's flags for a process that works for long and is soon over; none of them changes an answer. */
export function tuneV8(): void {
  // A snapshot is over before much of what the compiler makes fast can pay: half its work was inlining what runs once for
  // each file. 11 % less wall and CPU time on the kernel tree (Node 20).
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=100');
  // V8 12, of Node 22, does not know this one any more, and would say so on stderr.
  if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString('--interrupt-budget=400000');
  // What a snapshot keeps is small beside what it throws away at once, so young objects need no more room than at the
  // start: 130 MB at most instead of 165 on the kernel tree, in the same time.
  setFlagsFromString('--semi-space-growth-factor=1');
}
