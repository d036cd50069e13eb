import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Sample } from '../contestants/contestant.js';
import { cpuBetween, cpuOfChildren } from './cpu-clock.js';
import { measuredEnvironment } from './environment.js';

/** A program to run, with all that it needs. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  /** Besides the environment that everything measured gets. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A file that it reads from stdin; default: nothing. */
  readonly stdin?: string | undefined;
  /** Exit codes that mean it did its work; default: 0 alone. */
  readonly codes?: readonly number[] | undefined;
  /** Keeps what it prints; otherwise that goes to the null device. */
  readonly printed?: boolean | undefined;
}

/** The cost of a whole process, and its output. */
export interface Ran extends Sample {
  readonly stdout: string;
  /** Its output on descriptor 3. */
  readonly aside: string;
}

const LARGEST_OUTPUT = 1 << 28;

/** Runs a program to its end with nothing else going on in this process. Throws when it fails. */
export function run(command: Command): Ran {
  const { program, args, cwd, env, stdin, codes = [0], printed = false } = command;
  const input = stdin === undefined ? 'ignore' : openSync(stdin, 'r');
  try {
    const output = printed ? 'pipe' : 'ignore';
    const options: SpawnSyncOptions = {
      cwd,
      env: measuredEnvironment(env),
      stdio: [input, output, 'pipe', output],
      maxBuffer: LARGEST_OUTPUT,
    };
    const cpu = cpuOfChildren();
    const started = performance.now();
    const { error, status, signal, output: pieces } = spawnSync(program, args, options);
    const milliseconds = performance.now() - started;
    const cpuSeconds = cpuBetween(cpu, cpuOfChildren());
    if (error) throw error;
    const [, stdout, stderr, aside] = (pieces as (Buffer | null)[]).map((bytes) => bytes?.toString() ?? '');
    if (!codes.includes(status ?? -1)) {
      throw new Error(
        `${program} ended with ${status ?? signal ?? ''}: ${(stderr ?? '').slice(0, 300).trim()}`,
      );
    }
    return { milliseconds, cpuSeconds, stdout: stdout ?? '', aside: aside ?? '' };
  } finally {
    if (typeof input === 'number') closeSync(input);
  }
}
