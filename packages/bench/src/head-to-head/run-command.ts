import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Command, Place, Ran } from './types.js';

const TIMEOUT_MS = 180_000;

/** Runs a command in a place, with nothing of this machine's settings; `onStart` hears the process id. */
export function runCommand(place: Place, command: Command, onStart?: (pid: number) => void): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.program, command.args, {
      cwd: command.cwd ?? place.root,
      env: place.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      ...place.user,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => stdout.push(piece));
    child.stderr.on('data', (piece: Buffer) => stderr.push(piece));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const exit = code ?? 128 + (signal ? constants.signals[signal] : 0);
      resolve({ exit, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
    });
    if (child.pid !== undefined) onStart?.(child.pid);
  });
}

/** Runs a command that must succeed, and returns what it printed. */
export async function mustRun(place: Place, program: string, ...args: string[]): Promise<Buffer> {
  const { exit, stdout, stderr } = await runCommand(place, { program, args });
  if (exit !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${exit}: ${stderr.toString()}`);
  return stdout;
}
