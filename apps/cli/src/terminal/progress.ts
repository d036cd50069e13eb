import type { SingleBar } from 'cli-progress';
import type { Progress } from '@muse/snapshot';
import { byteSize, count, countOf, timeLeft } from './format.js';

/** A shorter run shows no progress: a line that only flashes tells nothing. */
const QUIET_MS = 250;

/** The line at the bottom of a terminal that tells how far a snapshot is. */
export interface ProgressDisplay {
  update(progress: Progress): void;
  /** Takes the line away, so that another can be written; the next update brings it back. */
  clear(): void;
  /** Takes the line away for good. */
  finish(): void;
}

/** Makes a display that loads its library only once there is something to show. */
export function progressDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  let loading: NodeJS.Timeout | undefined;
  let library: typeof import('cli-progress') | undefined;
  let latest: Progress | undefined;
  let hashingSince: number | undefined;
  let bar: SingleBar | undefined;

  const load = async (): Promise<void> => {
    // No command fails because its progress bar cannot be drawn.
    library = await import('cli-progress').catch(() => undefined);
    show();
  };
  const show = (): void => {
    if (library === undefined || latest === undefined) return;
    const text = progressLine(latest, Date.now() - (hashingSince ?? Date.now()));
    if (bar) bar.update({ text });
    else bar = startBar(library, stream, text);
  };
  const clear = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(progress) {
      latest = progress;
      if (progress.phase === 'hash') hashingSince ??= Date.now();
      loading ??= setTimeout(() => void load(), QUIET_MS).unref();
      show();
    },
    clear,
    finish() {
      clearTimeout(loading);
      latest = undefined;
      clear();
    },
  };
}

function startBar(
  library: typeof import('cli-progress'),
  stream: NodeJS.WriteStream,
  text: string,
): SingleBar {
  const bar = new library.SingleBar({
    stream,
    clearOnComplete: true,
    // A signal ends this without a word more, so nothing may be left to be undone: no hidden cursor, no switched-off
    // wrapping, and no listener of the library's own.
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
    format: (_options, _parameters, payload: { text: string }) => payload.text,
  });
  bar.start(1, 0, { text });
  return bar;
}

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
