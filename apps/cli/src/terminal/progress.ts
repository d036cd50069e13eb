import type { SingleBar } from 'cli-progress';
import type { Progress } from '@muse/snapshot';
import { byteSize, count, countOf, timeLeft } from './format.js';
import { DEFAULT_WIDTH } from './streams.js';

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
  const forecast = new Forecast();
  let hashingSince: number | undefined;
  let left: number | undefined;
  let bar: SingleBar | undefined;

  const load = async (): Promise<void> => {
    // No command fails because its progress bar cannot be drawn.
    library = await import('cli-progress').catch(() => undefined);
    show();
  };
  const show = (): void => {
    if (library === undefined || latest === undefined) return;
    const hashingFor = Date.now() - (hashingSince ?? Date.now());
    // A terminal may go to the next line once the last column is written.
    const text = progressLine(latest, { hashingFor, left, columns: (stream.columns || DEFAULT_WIDTH) - 1 });
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
      if (progress.phase === 'hash') {
        hashingSince ??= Date.now();
        left = forecast.left(shareOf(progress), Date.now());
      }
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

/** What a line of progress says besides the counts. */
export interface ProgressView {
  /** Milliseconds since hashing began. */
  readonly hashingFor: number;
  /** Milliseconds that are left, where that can be told. */
  readonly left: number | undefined;
  /** The most columns that the line may have. */
  readonly columns: number;
}

/** Tells how far a snapshot is, in one line: the fewer columns there are, the less of it. */
export function progressLine(progress: Progress, view: ProgressView): string {
  // Between the two it is known how many files there are, and not yet that any has to be read.
  if (progress.phase === 'scan' || (progress.phase === 'hash' && progress.filesToHash === 0)) {
    return `listing  ${countOf(progress.files, 'file')}`;
  }
  if (progress.phase === 'save') return 'saving the cache';
  // What is shown does not change with how far it is: the last counts are the widest.
  const { filesToHash, bytesToHash } = progress;
  const last = { ...progress, hashedFiles: filesToHash, hashedBytes: bytesToHash };
  const widest = hashingLines(last, { ...view, left: view.left ?? 59_000 });
  const fitting = widest.findIndex((each) => each.length <= view.columns);
  return hashingLines(progress, view).at(fitting) ?? '';
}

/** Returns what can be told of hashing, in lines that get shorter. */
function hashingLines(progress: Progress, { hashingFor, left }: ProgressView): string[] {
  const { hashedFiles, filesToHash, hashedBytes, bytesToHash } = progress;
  const share = shareOf(progress);
  const percent = `${Math.floor(share * 100)} %`;
  const files = `${count(hashedFiles)} of ${countOf(filesToHash, 'file')}`;
  const done = byteSize(hashedBytes);
  const bytes = `${done} of ${byteSize(bytesToHash)}`;
  const speed = hashingFor > 0 && hashedBytes > 0 ? `${byteSize((hashedBytes / hashingFor) * 1000)}/s` : '';
  const eta = left === undefined ? '' : `ETA ${timeLeft(left)}`;
  const line = (...parts: string[]): string => parts.filter((part) => part !== '').join('  ');
  return [
    line(`hashing  ${bar(share, 24)} ${percent}`, files, bytes, speed, eta),
    line(`hashing  ${bar(share, 10)} ${percent}`, files, bytes, eta),
    line(`${bar(share, 10)} ${percent}`, files, bytes, eta),
    line(`${bar(share, 10)} ${percent}`, bytes, eta),
    line(`${bar(share, 10)} ${percent}`, done, eta),
    line(percent, done, eta),
    line(percent, eta),
    percent,
  ];
}

/** Returns how much of the hashing is done, from 0 to 1. */
export function shareOf({ hashedBytes, bytesToHash, hashedFiles, filesToHash }: Progress): number {
  if (bytesToHash > 0) return Math.min(hashedBytes / bytesToHash, 1);
  return filesToHash > 0 ? Math.min(hashedFiles / filesToHash, 1) : 0;
}

function bar(share: number, width: number): string {
  const done = Math.round(share * width);
  return `[${'='.repeat(done)}${' '.repeat(width - done)}]`;
}

/** Milliseconds that must have been measured before anything is foretold. */
const LEAST_MS = 1000;
/** Milliseconds in which the speed of before loses about two thirds of its weight: short files and long ones come in turns. */
const SPEED_MS = 10_000;
/** Milliseconds in which a forecast makes up about two thirds of what it was wrong by. */
const CHANGE_MS = 3000;

/** Foretells how long something still takes, and changes its mind slowly: what a person sees must not jump. */
export class Forecast {
  #start: { readonly at: number; readonly share: number } | undefined;
  #last = { at: 0, share: 0 };
  /** What is done in a millisecond. */
  #speed = 0;
  #end: number | undefined;

  /** Returns the milliseconds that are left at a time, given what is done by then; undefined where it is too early to tell. */
  left(share: number, now: number): number | undefined {
    const start = (this.#start ??= { at: now, share });
    if (now - start.at < LEAST_MS || share <= start.share) return undefined;
    if (this.#end === undefined) {
      this.#speed = (share - start.share) / (now - start.at);
      this.#end = now + (1 - share) / this.#speed;
    } else if (now > this.#last.at) {
      const passed = now - this.#last.at;
      const latest = (share - this.#last.share) / passed;
      this.#speed += (latest - this.#speed) * (1 - Math.exp(-passed / SPEED_MS));
      const end = now + (1 - share) / this.#speed;
      this.#end += (end - this.#end) * (1 - Math.exp(-passed / CHANGE_MS));
    }
    this.#last = { at: now, share };
    return Math.max(0, this.#end - now);
  }
}
