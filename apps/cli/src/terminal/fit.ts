import truncated from 'fast-string-truncated-width';
import { printable } from './printable.js';

/** What most names consist of: a character a column. The library takes some microseconds for each text. */
const ASCII = /^[\x20-\x7e]*$/;

/** Returns how many columns a text has on a terminal, where it is shown printable. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
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

/** Returns a path that may go to a terminal, with its beginning replaced by an ellipsis where it has more columns than that. */
export function shortenedStart(path: string, columns: number): string {
  const shown = printable(path);
  if (widthOf(shown) <= columns) return shown;
  const characters = Array.from(shown);
  let width = 1;
  let start = characters.length;
  while (start > 0) {
    const next = truncated(characters[start - 1] ?? '').width;
    if (width + next > columns) break;
    width += next;
    start--;
  }
  const end = characters.slice(start).join('');
  // From the beginning of a name on, where one begins in what is left.
  const slash = end.indexOf('/');
  return `…${slash > 0 && slash < end.length - 1 ? end.slice(slash) : end}`;
}
