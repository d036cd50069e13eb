import { lstatSync, readdirSync, type BigIntStats } from 'node:fs';
import { fsdecode } from '@muse/testkit';

/**
 * What `scan` has to answer, from Node's own listing and parsing: slow, plain, and written without a look at the C. It
 * asks that the lines are in path order; a line that begins with no quote comes before all others.
 */
export interface Wanted {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly path: Buffer;
  readonly from: number;
  readonly to: number;
}

interface JudgedEntry {
  readonly name: Buffer;
  readonly stat: BigIntStats;
}

interface JudgedLine {
  readonly from: number;
  readonly to: number;
  readonly key: Buffer | undefined;
  readonly quote: number;
}

/** Returns the whole record of a directory that is there and can be read. */
export function judgeScan(root: string, { path, from, to }: Wanted, text: Buffer): Buffer {
  const skipped = [0, 0, 0, 0, 0, 0];
  const entries: JudgedEntry[] = [];
  const directory = Buffer.concat([Buffer.from(`${root}/`), path]);
  for (const name of readdirSync(directory, { encoding: 'buffer' })) {
    const stat = lstatSync(Buffer.concat([directory, Buffer.from('/'), name]), { bigint: true });
    const kinds = [
      stat.isSymbolicLink(),
      stat.isFIFO(),
      stat.isSocket(),
      stat.isCharacterDevice() || stat.isBlockDevice(),
    ];
    const kind = ['.git', '.muse'].includes(name.toString('latin1')) ? 5 : kinds.indexOf(true);
    if (kind >= 0) skipped[kind] = (skipped[kind] ?? 0) + 1;
    else entries.push({ name, stat });
  }
  entries.sort((a, b) => Buffer.compare(sortKey(a), sortKey(b)));

  const lines = splitLines(text, from, to);
  const taken = new Set<JudgedLine>();
  const prefix = path.length === 0 ? path : Buffer.concat([path, Buffer.from('/')]);
  const matches: number[] = [];
  const details: Buffer[] = [];
  let hitBytes = 0n;
  for (const entry of entries) {
    const key = Buffer.concat([prefix, sortKey(entry)]);
    const mine = lines.filter(
      (line) => line.key && (entry.stat.isDirectory() ? startsWith(line.key, key) : line.key.equals(key)),
    );
    for (const line of mine) taken.add(line);
    if (entry.stat.isDirectory()) {
      const next = lines.find((line) => line.key && Buffer.compare(line.key, key) >= 0)?.from ?? to;
      matches.push(6);
      details.push(
        packed(entry.stat.dev, entry.stat.ino, BigInt(next) | (BigInt(mine.at(-1)?.to ?? next) << 32n)),
      );
      continue;
    }
    const [first] = mine;
    const match = !first ? 0 : mine.length > 1 ? 5 : judgeLine(text, first, key, entry.stat);
    matches.push(match);
    if (match >= 32) hitBytes += entry.stat.size;
    else details.push(packedStat(entry.stat));
  }
  const gone: number[] = [];
  for (const line of lines) {
    if (taken.has(line)) continue;
    if (gone.at(-1) === line.from) gone.pop();
    else gone.push(line.from);
    gone.push(line.to);
  }

  const names = padded(Buffer.concat(entries.flatMap(({ name }) => [name, Buffer.of(0)])));
  const nameBytes = entries.reduce((sum, { name }) => sum + name.length + 1, 0);
  const parts = [names, padded(words(matches)), ...details, words(gone)];
  const bytes = 72 + parts.reduce((sum, part) => sum + part.length, 0);
  const hits = Buffer.alloc(8);
  hits.writeBigUInt64LE(hitBytes);
  const head = words([bytes, 0, 0, 0, entries.length, details.length, nameBytes, gone.length / 2]);
  return Buffer.concat([head, hits, words([...skipped, 0, 0]), ...parts]);
}

/** Returns how a line, which has the key, says that a file is or differs. */
export function judgeLine(text: Buffer, line: JudgedLine, key: Buffer, stat: BigIntStats): number {
  const raw = text.subarray(line.from + 1, line.quote);
  if (!raw.equals(Buffer.from(JSON.stringify(fsdecode(key))).subarray(1, -1))) return 5;
  const rest = text.toString('latin1', line.quote, line.to).replace(/,?\n?$/, '');
  const time = '(-?(?:0|[1-9][0-9]{0,19})\\.[0-9]{9})';
  const count = '(0|[1-9][0-9]{0,19})';
  const string = '"(?:[^"\\\\\\x00-\\x1f]|\\\\[^])*"';
  const form = new RegExp(
    `^":\\{"mtime":${time},"ctime":${time},"size":${count},"ino":${count},"object_hash":"sha256:[0-9a-f]{64}",` +
      `"dimensions":\\{(?:${string}:${string}(?:,${string}:${string})*)?\\}\\}$`,
  );
  const found = form.exec(rest);
  if (!found || found.includes('-0.000000000')) return 5;
  const [, mtime = '', ctime = '', size = '', ino = ''] = found;
  if (BigInt(size) !== stat.size) return 1;
  if (BigInt(mtime.replace('.', '')) !== stat.mtimeNs) return 2;
  if (BigInt(ctime.replace('.', '')) !== stat.ctimeNs) return 3;
  if (BigInt(ino) !== BigInt.asUintN(64, stat.ino)) return 4;
  return text.indexOf('"object_hash":"sha256:', line.quote, 'latin1') + 22;
}

/** Cuts lines, and reads what each key stands for: a backslash that escapes no single byte is a byte itself. */
export function splitLines(text: Buffer, from: number, to: number): JudgedLine[] {
  const lines: JudgedLine[] = [];
  for (let at = from; at < to;) {
    const feed = text.indexOf(0x0a, at);
    const end = feed < 0 || feed >= to ? to : feed + 1;
    const line = text.toString('latin1', at, end);
    const token = /\\(?:["\\/bfnrt]|u00[0-7][0-9a-fA-F]|u[dD][cC][89a-fA-F][0-9a-fA-F])|[^"\n]/y;
    token.lastIndex = 1;
    const bytes: number[] = [];
    for (let found; (found = token.exec(line));) {
      const [piece] = found;
      const code =
        piece.length === 1 ? piece.charCodeAt(0) : (JSON.parse(`"${piece}"`) as string).charCodeAt(0);
      bytes.push(code & 0xff);
      if (token.lastIndex >= line.length) break;
    }
    const length = /^"(?:\\(?:["\\/bfnrt]|u00[0-7][0-9a-fA-F]|u[dD][cC][89a-fA-F][0-9a-fA-F])|[^"\n])*/.exec(
      line,
    )?.[0].length;
    lines.push({
      from: at,
      to: end,
      key: length === undefined ? undefined : Buffer.from(bytes),
      quote: at + (length ?? 0),
    });
    at = end;
  }
  return lines;
}

/** The line of a file as the stat cache writes it. */
export function lineOf(
  path: Uint8Array,
  { mtimeNs, ctimeNs, size, ino }: Pick<BigIntStats, 'mtimeNs' | 'ctimeNs' | 'size' | 'ino'>,
  { digits = '0123456789abcdef'.repeat(4), dimensions = '{}', end = ',\n' } = {},
): Buffer {
  const stat = `"mtime":${timeText(mtimeNs)},"ctime":${timeText(ctimeNs)},"size":${size},"ino":${BigInt.asUintN(64, ino)}`;
  const value = `{${stat},"object_hash":"sha256:${digits}","dimensions":${dimensions}}`;
  return Buffer.from(`${JSON.stringify(fsdecode(path))}:${value}${end}`);
}

function timeText(ns: bigint): string {
  const digits = String(ns < 0n ? -ns : ns).padStart(10, '0');
  return `${ns < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** The 48 bytes of a stat. */
export function packedStat({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): Buffer {
  const second = 1_000_000_000n;
  const floor = (ns: bigint) => (ns - (((ns % second) + second) % second)) / second;
  const bytes = packed(dev, ino, size);
  bytes.writeBigInt64LE(floor(mtimeNs), 24);
  bytes.writeBigInt64LE(floor(ctimeNs), 32);
  bytes.writeUInt32LE(Number(mtimeNs - floor(mtimeNs) * second), 40);
  bytes.writeUInt32LE(Number(ctimeNs - floor(ctimeNs) * second), 44);
  return bytes;
}

function packed(dev: bigint, ino: bigint, third: bigint): Buffer {
  const bytes = Buffer.alloc(48);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, dev), 0);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, ino), 8);
  bytes.writeBigUInt64LE(third, 16);
  return bytes;
}

function sortKey({ name, stat }: JudgedEntry): Buffer {
  return stat.isDirectory() ? Buffer.concat([name, Buffer.from('/')]) : name;
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.subarray(0, prefix.length).equals(prefix);
}

function words(values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}
