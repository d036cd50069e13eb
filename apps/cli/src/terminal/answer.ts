import { treePathFromBytes, treePathToBytes } from '@muse/paths';
import type { Paint, Style } from './paint.js';
import { printable, printableJson } from './printable.js';
import { stdoutIsTerminal, writeStdout, type StdoutOptions } from './streams.js';

/** A piece of a line that has a colour where stdout shows any. */
export interface Colored {
  readonly style: Style;
  readonly text: string;
}

/** A line of an answer, as a whole or in pieces. */
export type Line = string | readonly (string | Colored)[];

/** Returns a line without its colours. */
export function textOf(line: Line): string {
  return typeof line === 'string'
    ? line
    : line.map((each) => (typeof each === 'string' ? each : each.text)).join('');
}

/**
 * Writes lines to stdout: names as they are on disk, or fit for a terminal where stdout is one. `paint` colours what has a
 * style; without it nothing is coloured.
 */
export async function writeLines(
  lines: Iterable<Line>,
  paint: Paint = (_style, text) => text,
): Promise<void> {
  await writeStdout(encoded(lines, { terminal: stdoutIsTerminal(), paint }));
}

/** Writes parts that NUL ends; on a terminal, which shows none, names in them are made fit for it. */
export async function writeNulEnded(parts: Iterable<string>): Promise<void> {
  await writeStdout(encoded(parts, { terminal: stdoutIsTerminal(), end: '\0' }));
}

/** Writes one JSON document to stdout. A byte of a name that is not UTF-8 is `\udcXX` in it. */
export async function writeJson(document: object, options?: StdoutOptions): Promise<void> {
  const text = JSON.stringify(document);
  await writeStdout([Buffer.from(`${stdoutIsTerminal() ? printableJson(text) : text}\n`)], options);
}

/** Writes one JSON document that comes in pieces. */
export async function writeJsonPieces(pieces: Iterable<string>): Promise<void> {
  const terminal = stdoutIsTerminal();
  const text = (function* () {
    for (const piece of pieces) yield terminal ? printableJson(piece) : piece;
    yield '\n';
  })();
  await writeStdout(encoded(text, { end: '' }));
}

/** Some lines are one write: a line for each of 75,000 files would take as many. */
const CHUNK_LENGTH = 65_536;

interface Encoding {
  /** True to make names fit for a terminal. */
  readonly terminal?: boolean;
  readonly paint?: Paint;
  readonly end?: string;
}

function* encoded(
  lines: Iterable<Line>,
  { terminal = false, paint = (_style, text) => text, end = '\n' }: Encoding,
): Iterable<Uint8Array> {
  const shown = (text: string): string => (terminal ? printable(text) : text);
  const piece = (each: string | Colored): string =>
    typeof each === 'string' ? shown(each) : paint(each.style, shown(each.text));
  let text = '';
  for (const line of lines) {
    text += (typeof line === 'string' ? shown(line) : line.map(piece).join('')) + end;
    if (text.length < CHUNK_LENGTH) continue;
    yield treePathToBytes(text);
    text = '';
  }
  if (text !== '') yield treePathToBytes(text);
}

const LINE_FEED = 0x0a;

/** Passes an answer on line by line, each made fit for a terminal by `escape`. */
export function* terminalLines(
  chunks: Iterable<Uint8Array>,
  escape: (line: string) => string,
): Generator<Uint8Array> {
  let rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    const end = chunk.lastIndexOf(LINE_FEED);
    if (end === -1) {
      rest.push(chunk);
      continue;
    }
    yield escapeLines(Buffer.concat([...rest, chunk.subarray(0, end)]), escape, '\n');
    rest = [chunk.subarray(end + 1)];
  }
  yield escapeLines(Buffer.concat(rest), escape, '');
}

function escapeLines(bytes: Buffer, escape: (line: string) => string, ending: string): Uint8Array {
  const lines = treePathFromBytes(bytes).split('\n');
  return Buffer.from(lines.map(escape).join('\n') + ending);
}
