import { treePathToBytes } from '@muse/paths';
import { printable, printableJson } from './printable.js';
import { stdoutIsTerminal, writeStdout } from './write-stdout.js';

/** Writes lines to stdout: names as they are on disk, or fit for a terminal where stdout is one. */
export async function writeLines(lines: Iterable<string>, signal?: AbortSignal): Promise<void> {
  await writeStdout(encoded(lines, stdoutIsTerminal()), signal);
}

/** Writes one JSON document to stdout. A byte of a name that is not UTF-8 is `\udcXX` in it. */
export async function writeJson(document: object, signal?: AbortSignal): Promise<void> {
  const text = JSON.stringify(document);
  await writeStdout([Buffer.from(`${stdoutIsTerminal() ? printableJson(text) : text}\n`)], signal);
}

/** Some lines are one write: a line for each of 75,000 files would take as many. */
const CHUNK_LENGTH = 65_536;

function* encoded(lines: Iterable<string>, terminal: boolean): Iterable<Uint8Array> {
  let text = '';
  for (const line of lines) {
    text += `${terminal ? printable(line) : line}\n`;
    if (text.length < CHUNK_LENGTH) continue;
    yield treePathToBytes(text);
    text = '';
  }
  if (text !== '') yield treePathToBytes(text);
}
