import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs this command line in a child and returns its exit code; 128 and the signal's number where a signal ended it.
 * Returns `undefined` where no child can be started: then a signal ends this process when its event loop turns.
 *
 * For the first process of a container: the kernel gives it no default action for a signal, and a listener of its own
 * would not be called while it waits for the system. The child has default actions; this process hands signals on.
 */
export function runInChild(): Promise<number | undefined> {
  return new Promise((resolve) => {
    let child: ChildProcess | undefined;
    for (const signal of signals) {
      process.on(signal, () => {
        if (child === undefined) process.exit(128 + constants.signals[signal]);
        else child.kill(signal);
      });
    }
    try {
      const words = [...process.execArgv, ...process.argv.slice(1)];
      child = spawn(process.execPath, words, { stdio: 'inherit' });
    } catch {
      resolve(undefined);
      return;
    }
    child.on('error', () => {
      child = undefined;
      resolve(undefined);
    });
    child.on('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
