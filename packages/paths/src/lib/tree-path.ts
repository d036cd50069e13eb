import { isWellFormedPath, treePathFromBytes, treePathToBytes } from './path-bytes.js';

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * Returns `text` when it is a tree path: one or more segments with `/` between them, none of them empty, `.` or
 * `..`, without NUL, and such that {@link treePathToBytes} and {@link treePathFromBytes} give the same text again.
 * A backslash is an ordinary character.
 *
 * @throws SyntaxError that names the first segment at fault.
 */
export function parseTreePath(text: string): string {
  const at = faultySegment(text);
  if (at < 0) return text;
  throw new SyntaxError(`Cannot use ${JSON.stringify(text)} as a tree path: ${describeFault(text, at)}`);
}

/** True when {@link parseTreePath} would return `text`. Meant for hot loops: it never throws. */
export function isTreePath(text: string): boolean {
  return faultySegment(text) < 0;
}

/** Returns where the first segment starts that no tree path can have, or -1. */
function faultySegment(text: string): number {
  let start = 0;
  let plain = true;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === SLASH) {
      if (isDotOrEmpty(text, start, at) || !(plain || keepsItsBytes(text.slice(start, at)))) return start;
      start = at + 1;
      plain = true;
    } else if (unit === 0) {
      return start;
    } else if (unit >= 0xd800 && unit <= 0xdfff) {
      plain = false;
    }
  }
  return isDotOrEmpty(text, start, text.length) || !(plain || keepsItsBytes(text.slice(start))) ? start : -1;
}

function isDotOrEmpty(text: string, start: number, end: number): boolean {
  if (end - start > 2) return false;
  if (end === start) return true;
  return text.charCodeAt(start) === DOT && text.charCodeAt(end - 1) === DOT;
}

/** False where two escaped bytes in a row would decode as a character, and where a surrogate is no escaped byte. */
function keepsItsBytes(segment: string): boolean {
  if (isWellFormedPath(segment)) return true;
  if (!isWellFormedPath(segment.replaceAll(/[\udc80-\udcff]/gu, ''))) return false;
  return treePathFromBytes(treePathToBytes(segment)) === segment;
}

function describeFault(text: string, at: number): string {
  if (text === '') return 'it is empty, and must have at least one segment';
  if (at === 0 && text.startsWith('/')) return 'it is absolute, and must be relative to the root';
  if (at === text.length) return 'it ends with "/", and must end with a name';
  const end = text.indexOf('/', at);
  const segment = text.slice(at, end < 0 ? undefined : end);
  if (segment === '') return 'it has an empty segment, and must have one "/" between two names';
  const quoted = JSON.stringify(segment);
  if (segment === '.' || segment === '..') return `segment ${quoted} must be the name of a file or directory`;
  if (segment.includes('\0')) return `segment ${quoted} must not contain NUL`;
  return `segment ${quoted} must have surrogates only in pairs or for bytes that are not UTF-8`;
}
