import { closeSync, existsSync, lstatSync, openSync, type BigIntStats } from 'node:fs';
import {
  DETAIL_BYTES,
  HASH_RECORD_BYTES,
  HashByte,
  HashOutcome,
  Match,
  packHashRequest,
  packScanRequest,
  SCAN_RECORD_BYTES,
  ScanWord,
  StatByte,
} from './layout.js';
import { nativeFrom, type Addon, type Native, type OnStep } from './native.js';

/** The engine, or why there is none. */
export type LoadResult =
  | { readonly native: Native; readonly reason?: undefined }
  | { readonly native?: undefined; readonly reason: string };

/** Options of {@link loadNative}; a caller needs none of them. */
export interface LoadOptions {
  /** The folder of this package; where the module is unless given. */
  readonly folder?: string;
  /** Loads the test build, which calls this before each system call of a synchronous call. */
  readonly onStep?: OnStep;
}

/**
 * Loads the native engine from inside this package: one that was built here, else a prebuilt one. Never throws: without
 * a binary for this machine, or with one that lists a known folder otherwise than Node, the result says why.
 */
export function loadNative({ folder = ownFolder(), onStep }: LoadOptions = {}): LoadResult {
  const { platform, arch } = process;
  if (platform !== 'linux') return { reason: `there is no native engine for ${platform}` };
  if (folder === undefined) return { reason: 'it is part of a bundle: leave @muse/native out of that' };
  const name = `linux-${arch}${onStep ? '.steps' : ''}.node`;
  const file = [`${folder}build/${name}`, `${folder}prebuilds/${name}`].find((path) => existsSync(path));
  if (file === undefined) return { reason: `there is no ${name} in ${folder}` };
  try {
    const module = { exports: {} };
    process.dlopen(module, file);
    const known = `${folder}self-test`;
    const native = nativeFrom(module.exports as Addon, (it) => testHash(it, known), onStep);
    const difference = testScan(native, known) ?? testSha256(native);
    return difference === undefined
      ? { native }
      : { reason: `the self-test of ${file} failed: ${difference}` };
  } catch (error) {
    return { reason: `cannot use ${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Both the source and what is built from it lie in a folder of the package: the bundle is one level up from here. */
function ownFolder(): string | undefined {
  // Bundled into a script there is none, and a path that is not absolute would lead to wherever the process was started.
  const directory = import.meta.dirname as string | undefined;
  return directory && `${directory}/`.replace(/(?:src\/lib|dist)\/$/, '');
}

/** SHA-256 of `abc`, from FIPS 180-2; what is in the file. */
const DIGEST = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

/**
 * Scans a folder of a directory and a file, and returns how the answer differs from Node's own; `undefined` when it does
 * not.
 */
export function testScan(native: Native, folder: string): string | undefined {
  const root = openSync(folder, 'r');
  try {
    return scanOnce(native, folder, root);
  } finally {
    closeSync(root);
  }
}

function testSha256({ sha256, digestSync }: Native): string | undefined {
  const abc = Buffer.from('abc');
  if (sha256 && sha256(abc) !== DIGEST) return 'sha256 gives another digest';
  const isOther = digestSync && digestSync([abc], shared(0)) !== DIGEST;
  return isOther === true ? 'digest gives another digest' : undefined;
}

/** Hashes the file of that folder, and resolves with whether all is right. `node:crypto` takes 10 ms to load: not asked. */
export async function testHash(native: Native, folder: string): Promise<boolean> {
  let root: number | undefined;
  try {
    root = openSync(folder, 'r');
    const top = lstatSync(folder, { bigint: true });
    const file = lstatSync(`${folder}/file`, { bigint: true });
    const files = [{ ...identity(file), name: Buffer.from('file') }];
    const request = packHashRequest([{ ...identity(top), path: new Uint8Array(), files }]);
    const reply = shared(HASH_RECORD_BYTES);
    const answered = await native.hash({ root, largest: 1024, request, reply });
    const view = new DataView(reply.buffer);
    return (
      answered === 1 &&
      view.getUint32(HashByte.outcome, true) === HashOutcome.hashed &&
      hasStat(view, HashByte.before, file) &&
      hasStat(view, HashByte.after, file) &&
      Buffer.from(reply.subarray(0, 32)).toString('hex') === DIGEST
    );
  } catch {
    return false;
  } finally {
    if (root !== undefined) closeSync(root);
  }
}

function scanOnce(native: Native, folder: string, root: number): string | undefined {
  const top = lstatSync(folder, { bigint: true });
  const directory = lstatSync(`${folder}/directory`, { bigint: true });
  const file = lstatSync(`${folder}/file`, { bigint: true });
  // Twice: with the file's line, and without.
  const line = Buffer.from(lineOf('file', file));
  const lines = shared(line.length);
  lines.set(line);
  const at = { ...identity(top), path: new Uint8Array() };
  const request = packScanRequest([
    { ...at, from: 0, to: line.length },
    { ...at, from: 0, to: 0 },
  ]);
  const reply = shared(1024);
  if (native.scanSync({ root, request, lines, reply }) !== 2) return 'scan answers other directories';
  const view = new DataView(reply.buffer);
  const word = (start: number, index: number) => view.getUint32(start + index * 4, true);
  for (let start = 0, round = 0; round < 2; round++) {
    const isHit = round === 0;
    const counts = [ScanWord.outcome, ScanWord.entries, ScanWord.files, ScanWord.directories, ScanWord.hits];
    if (counts.map((index) => word(start, index)).join() !== `0,2,1,1,${Number(isHit)}`)
      return 'scan lists other names';
    const match = start + SCAN_RECORD_BYTES;
    const detail = match + 8;
    if (word(match, 0) !== Match.directory || !hasIdentity(view, detail, directory))
      return 'scan stats a directory otherwise';
    if (word(match, 1) !== (isHit ? line.indexOf('sha256:') : Match.noLine))
      return 'scan matches a line otherwise';
    if (!isHit && !hasStat(view, detail + DETAIL_BYTES, file)) return 'scan stats a file otherwise';
    const text = detail + DETAIL_BYTES * (isHit ? 1 : 2);
    const names = Buffer.from('directory\0file\0');
    if (names.compare(reply, text, text + names.length) !== 0) return 'scan lists other names';
    start += word(start, ScanWord.bytes);
  }
  return undefined;
}

/** Node gives identities from 2^63 on as negative numbers. */
function identity({ dev, ino }: BigIntStats): { dev: bigint; ino: bigint } {
  return { dev: BigInt.asUintN(64, dev), ino: BigInt.asUintN(64, ino) };
}

function hasIdentity(view: DataView, at: number, stat: BigIntStats): boolean {
  const { dev, ino } = identity(stat);
  return (
    view.getBigUint64(at + StatByte.dev, true) === dev && view.getBigUint64(at + StatByte.ino, true) === ino
  );
}

function hasStat(view: DataView, at: number, stat: BigIntStats): boolean {
  const time = (seconds: number, nanoseconds: number) =>
    view.getBigInt64(at + seconds, true) * 1_000_000_000n + BigInt(view.getUint32(at + nanoseconds, true));
  return (
    hasIdentity(view, at, stat) &&
    view.getBigUint64(at + StatByte.size, true) === stat.size &&
    time(StatByte.mtimeSeconds, StatByte.mtimeNanoseconds) === stat.mtimeNs &&
    time(StatByte.ctimeSeconds, StatByte.ctimeNanoseconds) === stat.ctimeNs
  );
}

/** The stat cache's line for a file whose times lie after 1970, with any id. */
function lineOf(name: string, { mtimeNs, ctimeNs, size, ino }: BigIntStats): string {
  const time = (ns: bigint) => {
    const digits = String(ns).padStart(10, '0');
    return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
  };
  const stat = `"mtime":${time(mtimeNs)},"ctime":${time(ctimeNs)},"size":${size},"ino":${BigInt.asUintN(64, ino)}`;
  return `"${name}":{${stat},"object_hash":"sha256:${DIGEST}","dimensions":{}}\n`;
}

function shared(size: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(size));
}
