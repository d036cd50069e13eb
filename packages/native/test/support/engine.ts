import { closeSync, lstatSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { loadNative, packScanRequest, type Native, type OnStep } from '@muse/native';
import type { Wanted } from './judge.js';

const loaded = loadNative();
/** Whether this machine has the engine; without a compiler it has none, and the tests of it are skipped. */
export const hasNative = loaded.native !== undefined;
export const native = loaded.native ?? ({} as Native);

let onStep: OnStep | undefined;
/** The test build, which stops before each system call. */
export const stepping = loadNative({ onStep: (call) => onStep?.(call) }).native ?? ({} as Native);

/** Returns what must be there. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there');
  return value;
}

/** Calls `action` before each system call that `run` makes; its number begins at 1. */
export function withSteps<T>(action: (count: number, call: string) => void, run: () => T): T {
  let count = 0;
  onStep = (call) => {
    action(++count, call);
  };
  try {
    return run();
  } finally {
    onStep = undefined;
  }
}

export function shared(size: number | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(typeof size === 'number' ? size : size.length));
  if (typeof size !== 'number') bytes.set(size);
  return bytes;
}

/** Opens a directory for the time of a call. */
export function withRoot<T>(root: string, run: (descriptor: number) => T): T {
  const descriptor = openSync(root, 'r');
  let ended;
  try {
    const result = run(descriptor);
    if (result instanceof Promise) ended = result;
    return result;
  } finally {
    const close = () => {
      closeSync(descriptor);
    };
    if (ended) void ended.then(close, close);
    else close();
  }
}

/** A directory as it is now, with a slice of the lines. */
export function wanted(root: string, path: Uint8Array | string, from = 0, to = 0): Wanted {
  const bytes = Buffer.from(path);
  const { dev, ino } = lstatSync(Buffer.concat([Buffer.from(`${root}/`), bytes]), { bigint: true });
  return { dev, ino: BigInt.asUintN(64, ino), path: bytes, from, to };
}

/** Scans directories in one call, and returns the records that came. */
export function scan(
  engine: Native,
  root: string,
  directories: readonly Wanted[],
  {
    lines = Buffer.alloc(0),
    capacity = 1 << 20,
    inotify = -1,
  }: { lines?: Buffer; capacity?: number; inotify?: number } = {},
): Buffer[] {
  const reply = shared(capacity);
  // What is not written must stay as it was.
  reply.fill(0xa5);
  const request = packScanRequest(directories);
  const answered = withRoot(root, (descriptor) =>
    engine.scanSync({ root: descriptor, inotify, request, lines: shared(lines), reply }),
  );
  const records: Buffer[] = [];
  let at = 0;
  for (let i = 0; i < answered; i++) {
    const size = Buffer.from(reply.buffer).readUInt32LE(at);
    records.push(Buffer.from(reply.subarray(at, at + size)));
    at += size;
  }
  const rest = Buffer.from(reply.buffer, at);
  if (!rest.equals(Buffer.alloc(rest.length, 0xa5))) throw new Error('it wrote behind its reply');
  return records;
}

/** A record as plain values. */
export interface ScanResult {
  readonly outcome: number;
  readonly error: number;
  readonly operation: number;
  readonly names: readonly string[];
  readonly matches: readonly number[];
  readonly skipped: readonly number[];
  readonly watch: number;
  readonly gone: readonly number[];
  readonly details: readonly Buffer[];
}

/** Takes a record apart; names are Latin-1. */
export function unpack(record: Buffer | undefined): ScanResult {
  if (!record) throw new Error('no record');
  const word = (index: number) => record.readUInt32LE(index * 4);
  const [entries, textBytes, gone, count] = [word(4), word(5), word(6), word(18)];
  const match = 96;
  const detail = match + ((entries * 4 + 7) & ~7);
  const text = detail + count * 48;
  const end = text + ((textBytes + 7) & ~7);
  if (word(1) === 0 && end + gone * 8 !== record.length) throw new Error('the parts do not add up');
  const matches = Array.from({ length: entries }, (_, i) => record.readUInt32LE(match + i * 4));
  const names: string[] = [];
  const details: Buffer[] = [];
  for (let i = 0, at = text, next = detail; i < entries; i++) {
    const isHit = (matches[i] ?? 0) >= 32;
    const to = record.indexOf(0, at);
    names.push(record.toString('latin1', at, to));
    at = to + 1;
    const hasDetail = !isHit || count === entries;
    details.push(record.subarray(next, hasDetail ? next + 48 : next));
    if (hasDetail) next += 48;
  }
  return {
    outcome: word(1),
    error: word(2),
    operation: word(3),
    names,
    matches,
    skipped: Array.from({ length: 6 }, (_, i) => word(8 + i)),
    watch: record.readInt32LE(28),
    gone: Array.from({ length: gone * 2 }, (_, i) => record.readUInt32LE(end + i * 4)),
    details,
  };
}

/** Scans a whole tree, a directory after the other as their records name them, and hands each to `visit`. */
export function scanTree(
  engine: Native,
  root: string,
  lines: Buffer,
  visit: (directory: Wanted, record: Buffer) => void,
  { from, to, allDetails = false }: { from: number; to: number; allDetails?: boolean } = {
    from: 0,
    to: lines.length,
  },
): void {
  const pending = [{ ...wanted(root, '', from, to), allDetails }];
  for (let directory; (directory = pending.pop());) {
    let [record] = scan(engine, root, [directory], { lines, capacity: 4096 });
    const { outcome, error } = unpack(record);
    if (outcome === 3) [record] = scan(engine, root, [directory], { lines, capacity: error });
    if (!record) throw new Error('no record');
    visit(directory, record);
    const { names, matches, details } = unpack(record);
    for (const [i, match] of matches.entries()) {
      const bytes = details[i];
      if (match !== 6 || !bytes) continue;
      const name = Buffer.from(names[i] ?? '', 'latin1');
      const path =
        directory.path.length === 0 ? name : Buffer.concat([directory.path, Buffer.from('/'), name]);
      const [dev, ino] = [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(8)];
      const slice = { from: bytes.readUInt32LE(16), to: bytes.readUInt32LE(20) };
      pending.push({ dev, ino, path, ...slice, allDetails });
    }
  }
}

/** Returns what this process has open at or below a path. */
export function openBelow(path: string): string[] {
  const targets = readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      // The one that listed them.
      return '';
    }
  });
  return targets.filter((target) => target.startsWith(path));
}
