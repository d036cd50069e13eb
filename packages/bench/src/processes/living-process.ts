import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import type { CallReport } from '../children/reports.js';
import { measuredEnvironment } from './environment.js';

const script = fileURLToPath(new URL('../children/living.js', import.meta.url));

/** A Node process that holds a snapshotter open and takes a snapshot when asked to. */
export class LivingProcess {
  readonly #child: ChildProcess;

  constructor(root: string) {
    this.#child = fork(script, [root], { env: measuredEnvironment(), execArgv: [], stdio: 'inherit' });
  }

  async snapshot(): Promise<CallReport> {
    const done = new AbortController();
    const { signal } = done;
    const ended = once(this.#child, 'exit', { signal }).then(() => {
      throw new Error('The process that holds a snapshotter open has ended');
    });
    const answer = once(this.#child, 'message', { signal });
    try {
      this.#child.send('snapshot');
      const [report] = (await Promise.race([answer, ended])) as [CallReport];
      return report;
    } finally {
      // Whichever of the two is still waited for rejects, and nobody is to hear of it.
      void Promise.allSettled([answer, ended]);
      done.abort();
    }
  }

  async close(): Promise<void> {
    if (!this.#child.connected) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
