import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The temporary files of a run, removed at its end, even if it is interrupted. */
export class Scratch implements Disposable {
  readonly #paths = new Set<string>();
  readonly #onSignal = (signal: (typeof SIGNALS)[number]) => {
    this.#remove();
    process.exitCode = 128 + constants.signals[signal];
    // The other handlers of this signal still run, and then the process ends.
    setImmediate(() => process.exit());
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** Makes an empty directory below the temporary one. */
  directory(): string {
    const path = mkdtempSync(join(realpathSync(tmpdir()), 'muse-bench-'));
    this.add(path);
    return path;
  }

  /** Takes over something that was made elsewhere. */
  add(path: string): void {
    this.#paths.add(path);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    this.#remove();
  }

  #remove(): void {
    for (const path of this.#paths) rmSync(path, { recursive: true, force: true });
    this.#paths.clear();
  }
}
