import { spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { built, ordinaryUser } from '@muse/testkit';

/** The built program. */
export const main = fileURLToPath(built('@muse/cli'));

/** The words that start it in a shell. */
const museCommand = [process.execPath, main].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

/** How one run of `muse` ended. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** A line for stdin, written once stdout matches; stdin stays open. */
  readonly reply?: readonly [to: RegExp, line: string];
  /** Runs as somebody whom permissions bind. */
  readonly ordinary?: boolean;
  /** Sent once each, that many milliseconds after the start. */
  readonly signals?: readonly (readonly [signal: NodeJS.Signals, after: number])[];
  /** Leaves stdout unread. */
  readonly unread?: boolean;
}

/** Runs `muse` to its end. */
export function muse(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return runProgram(process.execPath, [main, ...args], options);
}

/** Runs a shell command in which `muse` is the program. */
export function shell(command: string, options: RunOptions = {}): Promise<Run> {
  return runProgram('/bin/sh', ['-c', `muse() { ${museCommand} "$@"; }\n${command}`], options);
}

/** Runs a shell command that begins with `muse` on a terminal of its own; what it wrote, to whichever stream, is in `stdout`. */
export function onTerminal(
  command: string,
  { columns, ...options }: RunOptions & { readonly columns?: number } = {},
): Promise<Run> {
  const size = columns === undefined ? '' : `stty cols ${columns}; `;
  const words = size + command.replace(/^muse /, `${museCommand} `);
  return runProgram('script', ['-qec', words, '/dev/null'], { input: '', ...options });
}

/** Why `onTerminal` cannot be used here, if so. */
export const noTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status !== 0;

/** Why nobody without privileges can run the program here, if so: no such user, or no way to Node or to the build. */
export const noOrdinaryUser =
  ordinaryUser() === undefined ||
  spawnSync(process.execPath, [main, '--version'], { ...ordinaryUser(), cwd: '/', env: {} }).status !== 0;

/** The lines of a text that ends in a line feed. */
export function lines(text: string | Buffer): string[] {
  return text.toString().split('\n').slice(0, -1);
}

/** A run of `muse` that goes on. */
export interface Started {
  readonly ended: Promise<Run>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `muse`. */
export function startMuse(args: readonly string[], options: RunOptions = {}): Started {
  return start(process.execPath, [main, ...args], options);
}

function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<Run> {
  return start(program, args, options).ended;
}

function start(program: string, args: readonly string[], options: RunOptions): Started {
  const spawnOptions: SpawnOptions = {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], TERM: 'xterm', LC_ALL: 'C.UTF-8', ...options.env },
    ...(options.ordinary === true ? ordinaryUser() : {}),
  };
  const child = spawn(program, args, { ...spawnOptions, stdio: 'pipe' });
  const ended = new Promise<Run>((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let { reply } = options;
    const read = (chunk: Buffer) => {
      stdout.push(chunk);
      if (!reply?.[0].test(Buffer.concat(stdout).toString())) return;
      child.stdin.write(`${reply[1]}\n`);
      reply = undefined;
    };
    if (options.unread !== true) child.stdout.on('data', read);
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => undefined);
    if (options.input !== undefined && !reply) child.stdin.end(options.input);
    for (const [signal, after] of options.signals ?? []) setTimeout(() => child.kill(signal), after);
    child.on('error', reject);
    child.on('exit', () => {
      if (options.unread === true) child.stdout.destroy();
      if (options.input === undefined) child.stdin.destroy();
    });
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
    });
  });
  return { ended, kill: (signal) => void child.kill(signal) };
}
