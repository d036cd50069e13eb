import { treePathFromBytes } from '@muse/paths';

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
