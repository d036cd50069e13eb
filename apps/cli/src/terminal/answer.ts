import { treePathFromBytes, treePathToBytes } from '@muse/paths';
import { printable, printableJson } from './printable.js';
import { stdoutIsTerminal, writeStdout } from './streams.js';

/** Writes lines to stdout: names as they are on disk, or fit for a terminal where stdout is one. */
export async function writeLines(lines: Iterable<string>): Promise<void> {
  await writeStdout(encoded(lines, stdoutIsTerminal()));
}

/** Writes parts that NUL ends; on a terminal, which shows none, names in them are made fit for it. */
export async function writeNulEnded(parts: Iterable<string>): Promise<void> {
  await writeStdout(encoded(parts, stdoutIsTerminal(), '\0'));
}

/** Writes one JSON document to stdout. A byte of a name that is not UTF-8 is `\udcXX` in it. */
export async function writeJson(document: object): Promise<void> {
  const text = JSON.stringify(document);
  await writeStdout([Buffer.from(`${stdoutIsTerminal() ? printableJson(text) : text}\n`)]);
}

/** Writes one JSON document that comes in pieces. */
export async function writeJsonPieces(pieces: Iterable<string>): Promise<void> {
  const terminal = stdoutIsTerminal();
  const text = (function* () {
    for (const piece of pieces) yield terminal ? printableJson(piece) : piece;
    yield '\n';
  })();
  await writeStdout(encoded(text, false, ''));
}

/** Some lines are one write: a line for each of 75,000 files would take as many. */
const CHUNK_LENGTH = 65_536;

function* encoded(lines: Iterable<string>, terminal: boolean, end = '\n'): Iterable<Uint8Array> {
  let text = '';
  for (const line of lines) {
    text += (terminal ? printable(line) : line) + end;
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
