import { readFileSync } from 'node:fs';

/**
 * Returns the arguments after the script's name, with each byte that is not UTF-8 as a lone surrogate (PEP 383).
 *
 * Node decodes `process.argv` as UTF-8 and puts U+FFFD where it cannot. On Linux the bytes are still in `/proc`, which
 * is read only when that has happened. Elsewhere such an argument stays damaged, and names no file.
 */
export async function commandLineArguments(
  argv: readonly string[] = process.argv,
  readCommandLine: () => Buffer = () => readFileSync('/proc/self/cmdline'),
): Promise<string[]> {
  const decoded = argv.slice(2);
  if (!decoded.some((argument) => argument.includes('\ufffd'))) return decoded;
  let line: Buffer;
  try {
    line = readCommandLine();
  } catch {
    return decoded;
  }
  const raw = lastArguments(line, decoded.length);
  // Node's own options stand in front, so the line is matched from its end; if it does not match it is not ours.
  if (raw.length !== decoded.length || raw.some((bytes, index) => bytes.toString() !== decoded[index])) {
    return decoded;
  }
  const { treePathFromBytes } = await import('@muse/paths');
  return raw.map((bytes) => treePathFromBytes(bytes));
}

function lastArguments(line: Buffer, count: number): Buffer[] {
  const found: Buffer[] = [];
  let end = line.length - 1;
  while (found.length < count && end >= 0 && line[end] === 0) {
    const before = end === 0 ? -1 : line.lastIndexOf(0, end - 1);
    found.unshift(line.subarray(before + 1, end));
    end = before;
  }
  return found;
}
