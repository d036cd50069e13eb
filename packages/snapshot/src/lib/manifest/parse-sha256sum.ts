import { parseTreePath, treePathFromBytes, withPath } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import { inPathOrder } from './manifest.js';
import { MAX_MANIFEST_BYTES, show, UTF8_MARK } from './parse.js';
import type { Manifest } from '../types.js';

/**
 * Returns the files of a list that `sha256sum` wrote, in path order: lines of the GNU form, `digest  name` or
 * `digest *name`, of the BSD form, `SHA256 (name) = digest`, or of both. Everything that `sha256sum --check` of
 * coreutils 9 takes for such a line is read as it does: names with escapes after a backslash that begins the line,
 * digests in upper case, a carriage return at the end, empty lines, and comments, which begin with `#`. A name may be
 * any bytes; `./` and doubled slashes are dropped from it. A file may be listed twice, if its digest is the same.
 *
 * Unlike a manifest, a list cannot tell that lines are missing from it. One without a file gives an empty manifest.
 *
 * @throws Error that names the line, when it is none of these, when its digest is not of SHA-256, when its name is
 * absolute, has a `..` or stands for stdin, or when the file has another digest further up. Error also for more than
 * {@link MAX_MANIFEST_BYTES}.
 */
export function parseSha256sum(bytes: Uint8Array): Manifest {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    return fail(`it has ${bytes.length} bytes, and ${MAX_MANIFEST_BYTES} are read at most`);
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hasMark = buffer.subarray(0, UTF8_MARK.length).equals(UTF8_MARK);
  let files = new Map<string, ObjectId>();
  let number = 0;
  for (let from = hasMark ? UTF8_MARK.length : 0; from < buffer.length;) {
    const feed = buffer.indexOf(LINE_FEED, from);
    const to = feed < 0 ? buffer.length : feed;
    const where = `in line ${++number}`;
    // A character a byte: what the bytes of a name mean shows only once its escapes are undone.
    const line = buffer.toString('latin1', from, to).replace(/\r$/, '');
    from = to + 1;
    if (line.startsWith('#') || /^[ \t]*$/.test(line)) continue;
    const { path, objectId } = readLine(line, where);
    const before = files.get(path);
    if (before !== undefined && before !== objectId) {
      return fail(`${where}: ${show(path)} is there for the second time, with another digest`);
    }
    files = withPath(files, path, objectId);
  }
  return inPathOrder(files);
}

const LINE_FEED = 0x0a;

/** What stands before the name. */
const GNU_HEAD = /^[ \t]*(\\?)([0-9a-f]+)[ \t][ *]/i;
const BSD_HEAD = /^[ \t]*(\\?)([A-Z][\w/-]*) ?\(/;
/** What stands after the name, which may have parentheses itself. */
const BSD_TAIL = /^\)[ \t]*=[ \t]*([0-9a-f]+)$/i;

function readLine(line: string, where: string): { readonly path: string; readonly objectId: ObjectId } {
  if (line.includes('\0')) return fail(`${where}: it has a NUL, which no name can have`);
  const { escape, digest, name } = fieldsOf(line, where);
  if (digest.length !== SHA256_DIGITS) {
    return fail(
      `${where}: its digest has ${digest.length} hex digits, and must have the ${SHA256_DIGITS} of SHA-256`,
    );
  }
  return {
    path: pathOf(escape === '' ? name : unescaped(name, where), where),
    objectId: `sha256:${digest.toLowerCase()}`,
  };
}

const SHA256_DIGITS = 64;

function fieldsOf(line: string, where: string): { escape: string; digest: string; name: string } {
  const gnu = GNU_HEAD.exec(line);
  if (gnu) {
    const [head, escape = '', digest = ''] = gnu;
    return { escape, digest, name: line.slice(head.length) };
  }
  const bsd = BSD_HEAD.exec(line);
  const end = line.lastIndexOf(')');
  const tail = bsd && BSD_TAIL.exec(line.slice(end));
  if (!tail) {
    return fail(`${where}: it must be 'digest  name', 'digest *name' or 'SHA256 (name) = digest'`);
  }
  const [head, escape = '', algorithm] = bsd;
  if (algorithm !== 'SHA256') return fail(`${where}: its digest is of ${algorithm}, and must be of SHA256`);
  return { escape, digest: tail[1] ?? '', name: line.slice(head.length, end) };
}

const ESCAPES = new Map([
  ['\\\\', '\\'],
  ['\\n', '\n'],
  ['\\r', '\r'],
]);

function unescaped(name: string, where: string): string {
  return name.replace(
    /\\[^]?/g,
    (escape) =>
      ESCAPES.get(escape) ??
      fail(`${where}: its name has the escape ${escape}, and may have \\\\, \\n and \\r`),
  );
}

function pathOf(name: string, where: string): string {
  if (name === '-') return fail(`${where}: its name is -, which is stdin; a file is called ./-`);
  const text = treePathFromBytes(Buffer.from(name, 'latin1'));
  try {
    return parseTreePath(text.replace(/(?<=\/)\/+|(?<=^|\/)\.\/+/g, ''));
  } catch (error) {
    const reason = (error as Error).message.replace(/^Cannot use .* as a tree path: /s, '');
    return fail(`${where}: the name ${show(text)} cannot be used: ${reason}`, error);
  }
}

function fail(reason: string, cause?: unknown): never {
  throw new Error(`Cannot read the list: ${reason}`, { cause });
}
