import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../children/keep-busy.js', import.meta.url));

/** A process that keeps one processor busy until it is ended, or this process ends in whatever way. */
export class BusyProcess {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = spawn(process.execPath, [script, String(process.pid)], { stdio: 'ignore' });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
