import type { BigIntStats } from 'node:fs';
import { packHashRequest, type Native } from '@muse/native';
import type { Wanted } from './judge.js';
import { shared, withRoot } from './engine.js';

/** A record of `hash` as plain values. */
export interface HashResult {
  /** All of it. */
  readonly record: Buffer;
  readonly digest: string;
  readonly before: Buffer;
  readonly after: Buffer;
  readonly bytesRead: bigint;
  readonly outcome: number;
  readonly error: number;
}

/** Takes the records of a reply apart. */
export function unpackHashes(reply: Uint8Array, answered: number): HashResult[] {
  return Array.from({ length: answered }, (_, i) => {
    const record = Buffer.from(reply.subarray(i * 144, i * 144 + 144));
    return {
      record,
      digest: record.toString('hex', 0, 32),
      before: record.subarray(32, 80),
      after: record.subarray(80, 128),
      bytesRead: record.readBigUInt64LE(128),
      outcome: record.readUInt32LE(136),
      error: record.readUInt32LE(140),
    };
  });
}

/** Hashes one file of a directory, as it was listed. */
export function hashOne(
  engine: Native,
  root: string,
  { directory, file }: { directory: Wanted; file: Pick<BigIntStats, 'dev' | 'ino'> },
  name: string,
  largest = 1 << 30,
): HashResult {
  const files = [{ dev: file.dev, ino: BigInt.asUintN(64, file.ino), name: Buffer.from(name) }];
  const request = packHashRequest([{ ...directory, files }]);
  const reply = shared(144);
  const answered = withRoot(root, (descriptor) =>
    engine.hashSync({ root: descriptor, largest, request, reply }),
  );
  const [record] = unpackHashes(reply, answered);
  if (!record) throw new Error('no record');
  return record;
}
