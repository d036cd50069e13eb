import type { FileStat } from '@muse/stat-cache';

const SECOND = 10n ** 9n;

/** Returns the six numbers that `matchEntries` takes for one file. */
export function packedStat({ dev, ino, size, mtimeNs, ctimeNs }: FileStat): bigint[] {
  const [mtime, ctime] = [mtimeNs, ctimeNs].map((ns) => {
    const rest = ((ns % SECOND) + SECOND) % SECOND;
    return { seconds: (ns - rest) / SECOND, rest: Number(rest) };
  }) as [{ seconds: bigint; rest: number }, { seconds: bigint; rest: number }];
  const [rests = 0n] = new BigInt64Array(Int32Array.of(mtime.rest, ctime.rest).buffer);
  return [dev, ino, size, mtime.seconds, ctime.seconds, rests];
}
