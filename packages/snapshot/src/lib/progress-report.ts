import type { Progress } from './types.js';

/** Milliseconds between two reports. */
const INTERVAL_MS = 50;

/** Counts what was done and tells it at most some twenty times a second. */
export class ProgressReport {
  readonly #listener: ((progress: Progress) => void) | undefined;
  #progress: Progress = {
    phase: 'scan',
    files: 0,
    hashedFiles: 0,
    filesToHash: 0,
    hashedBytes: 0,
    bytesToHash: 0,
  };
  #last = -Infinity;

  constructor(listener: ((progress: Progress) => void) | undefined) {
    this.#listener = listener;
  }

  /** Adds to the counts. */
  add(counts: Partial<Omit<Progress, 'phase'>>): void {
    const progress = { ...this.#progress };
    for (const [name, count] of Object.entries(counts)) {
      progress[name as keyof typeof counts] += count;
    }
    this.#progress = progress;
    if (this.#listener && performance.now() - this.#last >= INTERVAL_MS) this.#tell();
  }

  /** Begins a phase and tells of it at once. */
  enter(phase: Progress['phase']): void {
    this.#progress = { ...this.#progress, phase };
    this.#tell();
  }

  #tell(): void {
    this.#last = performance.now();
    this.#listener?.(this.#progress);
  }
}
