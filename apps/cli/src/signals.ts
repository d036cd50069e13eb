import { spawn, type ChildProcess } from 'node:child_process';
import { constants, readFileSync, readlinkSync } from 'node:fs';
import { constants as system } from 'node:os';
import { basename } from 'node:path';

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
        if (child === undefined) process.exit(128 + system.signals[signal]);
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
      resolve(code ?? 128 + (signal === null ? 0 : system.signals[signal]));
    });
  });
}

/**
 * Keeps SIGHUP ignored where whoever started this had it ignored, as `nohup` does. Node gives each signal its default
 * action back before the first line of a program runs, so that the process itself cannot be asked.
 */
export function keepHangupIgnored(): void {
  if (wasIgnored()) process.on('SIGHUP', () => undefined);
}

function wasIgnored(): boolean {
  return startedByNohup() || parentIgnores();
}

/** Most shells name what they start in `_`; and where stdin was a terminal, `nohup` leaves a stdin that nothing reads. */
function startedByNohup(): boolean {
  return basename(process.env['_'] ?? '') === 'nohup' || (isNull(0) && isWriteOnly(0));
}

function isNull(descriptor: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`) === '/dev/null';
  } catch {
    return false;
  }
}

function isWriteOnly(descriptor: number): boolean {
  const flags = field(`/proc/self/fdinfo/${descriptor}`, 'flags');
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) === constants.O_WRONLY;
}

/** Returns true if the parent ignores SIGHUP: whatever a shell ignores, its children ignore too. */
function parentIgnores(): boolean {
  const ignored = field(`/proc/${process.ppid}/status`, 'SigIgn');
  return ignored !== undefined && (BigInt(`0x${ignored}`) >> BigInt(system.signals.SIGHUP - 1)) % 2n === 1n;
}

/** Returns a field of a file in `/proc`, where there is one. */
function field(file: string, name: string): string | undefined {
  try {
    return new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(readFileSync(file, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
