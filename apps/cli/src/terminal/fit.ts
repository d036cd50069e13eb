import truncated from 'fast-string-truncated-width';
import { printable } from './printable.js';

/** Returns how many columns a text has on a terminal, where it is shown printable. */
export function widthOf(text: string): number {
  return truncated(printable(text)).width;
}

/** Returns a text as it may go to a terminal, with its end replaced by an ellipsis where it has more columns than that. */
export function shortened(text: string, columns: number): string {
  const shown = printable(text);
  const {
    truncated: isCut,
    ellipsed,
    index,
  } = truncated(shown, { limit: Math.max(0, columns), ellipsis: '…', ellipsisWidth: 1 });
  return isCut ? shown.slice(0, index) + (ellipsed ? '…' : '') : shown;
}
