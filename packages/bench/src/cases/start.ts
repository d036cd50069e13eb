import type { Contestant } from '../contestants/contestant.js';
import { museStart, nodeAlone } from '../contestants/our-contestants.js';

/** `muse --version` against a Node that does nothing. */
export function startCase(): Contestant[] {
  return [museStart(), nodeAlone('start')];
}
