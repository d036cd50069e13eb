import type { Problem } from './types.js';

/** Whether a problem is that rules were not obeyed: it is named as one of the root, which was listed nevertheless. */
export function isOfRules({ kind }: Problem): boolean {
  return kind === 'not-trusted';
}
