import type { Progress } from '../types.js';

/** Milliseconds between two reports. */
const INTERVAL_MS = 50;

/** Counts what was done and tells it at most some twenty times a second. */
export class ProgressReport {
  readonly #listener: ((progress: Progress) => void) | undefined;
  readonly #counts = { files: 0, hashedFiles: 0, filesToHash: 0, hashedBytes: 0, bytesToHash: 0 };
  #phase: Progress['phase'] = 'scan';
  #last = -Infinity;

  constructor(listener: ((progress: Progress) => void) | undefined) {
    this.#listener = listener;
  }

  /** Adds to the counts. */
  add(counts: Partial<Omit<Progress, 'phase'>>): void {
    this.#counts.files += counts.files ?? 0;
    this.#counts.hashedFiles += counts.hashedFiles ?? 0;
    this.#counts.filesToHash += counts.filesToHash ?? 0;
    this.#counts.hashedBytes += counts.hashedBytes ?? 0;
    this.#counts.bytesToHash += counts.bytesToHash ?? 0;
    if (this.#listener && performance.now() - this.#last >= INTERVAL_MS) this.#tell();
  }

  /** Begins a phase and tells of it at once. */
  enter(phase: Progress['phase']): void {
    this.#phase = phase;
    this.#tell();
  }

  #tell(): void {
    this.#last = performance.now();
    this.#listener?.({ phase: this.#phase, ...this.#counts });
  }
}
