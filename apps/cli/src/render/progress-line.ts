import type { Progress } from '@muse/snapshot';
import { byteSize, count, countOf, timeLeft } from './quantities.js';

const BAR_WIDTH = 24;

/** Tells how far a snapshot is, in one line. `hashingFor` is the time since hashing began, in milliseconds. */
export function progressLine(progress: Progress, hashingFor: number): string {
  // Between the two it is known how many files there are, and not yet that any has to be read.
  if (progress.phase === 'scan' || (progress.phase === 'hash' && progress.filesToHash === 0)) {
    return `listing  ${countOf(progress.files, 'file')}`;
  }
  if (progress.phase === 'save') return 'saving the cache';
  const share = fraction(progress);
  const parts = [
    `hashing  ${bar(share)} ${Math.floor(share * 100)} %`,
    `${count(progress.hashedFiles)} of ${countOf(progress.filesToHash, 'file')}`,
    `${byteSize(progress.hashedBytes)} of ${byteSize(progress.bytesToHash)}`,
  ];
  if (progress.hashedBytes > 0 && hashingFor > 0) {
    parts.push(`${byteSize((progress.hashedBytes / hashingFor) * 1000)}/s`);
  }
  if (share > 0) parts.push(`ETA ${timeLeft(hashingFor * (1 / share - 1))}`);
  return parts.join('  ');
}

function fraction({ hashedBytes, bytesToHash, hashedFiles, filesToHash }: Progress): number {
  if (bytesToHash > 0) return Math.min(hashedBytes / bytesToHash, 1);
  return filesToHash > 0 ? Math.min(hashedFiles / filesToHash, 1) : 0;
}

function bar(share: number): string {
  const done = Math.round(share * BAR_WIDTH);
  return `[${'='.repeat(done)}${' '.repeat(BAR_WIDTH - done)}]`;
}
