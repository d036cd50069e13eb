import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadNative } from '@muse/native';
import { built, ordinaryUser } from '@muse/testkit';

const main = fileURLToPath(built('@muse/cli'));

/** The engines that this system has. */
export const engines: readonly string[] = loadNative().native ? ['native', 'typescript'] : ['typescript'];

/** How a run of `muse` ended. */
export interface Ended {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of `muse` that may not have ended. */
export interface Running {
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
}

export interface RunOptions {
  /** The engine to use. Default: the one that `muse` chooses. */
  readonly engine?: string;
  /** Runs as somebody whom permissions bind. Default: as whoever runs the test. */
  readonly ordinary?: boolean;
  /** Words that start a command elsewhere, such as in another mount namespace. Default: none. */
  readonly within?: readonly string[];
  /** Shell commands for the process before it becomes `muse`, such as `ulimit`. Default: none. */
  readonly before?: string;
  /** Milliseconds after which it counts as hanging and is killed. Default: 200,000. */
  readonly patience?: number;
}

const PATIENCE_MS = 200_000;

/** Why an ordinary user cannot run the program here; undefined where one can. */
export const noOrdinaryUser: string | undefined = whyNoOrdinaryUser();

function whyNoOrdinaryUser(): string | undefined {
  const user = ordinaryUser();
  if (user === undefined) return 'this system has no user ids';
  const { status } = spawnSync(process.execPath, [main, '--version'], { ...user, cwd: '/', env: {} });
  return status === 0 ? undefined : 'an ordinary user cannot reach Node or the built program here';
}

/** Starts `muse`. Where it still runs after `patience`, SIGKILL ends it, so that the test sees a signal it did not send. */
export function startMuse(args: readonly string[], options: RunOptions = {}): Running {
  const { engine, ordinary = false, within = [], before = ':', patience = PATIENCE_MS } = options;
  const words = [...within, '/bin/sh', '-c', `${before}; exec "$@"`, 'sh', process.execPath, main, ...args];
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, {
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', MUSE_ENGINE: engine },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(ordinary ? ordinaryUser() : {}),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const hanging = setTimeout(() => child.kill('SIGKILL'), patience);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(hanging);
      resolve({
        code,
        signal,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
  });
  return { pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), ended };
}

/** Runs `muse` to its end. */
export function muse(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return startMuse(args, options).ended;
}
