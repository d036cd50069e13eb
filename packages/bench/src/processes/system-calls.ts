import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type Command } from './run.js';

/** Fewer calls than this for each file are those of the start, or of a thread that waits. */
const LEAST_PER_FILE = 0.005;

/** Counts the system calls of a program and all its threads and children by kind; `undefined` without strace. */
export function systemCallsPerFile(
  command: Command,
  files: number,
): Readonly<Record<string, number>> | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'muse-bench-strace-'));
  try {
    const summary = join(directory, 'summary');
    const args = ['--follow-forks', '--summary-only', '-o', summary, '--', command.program, ...command.args];
    run({ ...command, program: 'strace', args });
    return perFile(parseSummary(readFileSync(summary, 'utf8')), files);
  } catch {
    // Not installed, or not allowed here.
    return undefined;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Reads the table that `strace -c` writes: calls by kind. */
export function parseSummary(summary: string): Map<string, number> {
  // % time, seconds, microseconds a call, calls, errors if any, name
  const rows = summary.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?([a-z]\w*)$/gm);
  return new Map(
    [...rows].flatMap(([, calls, kind = '']) => (kind === 'total' ? [] : [[kind, Number(calls)]])),
  );
}

function perFile(calls: ReadonlyMap<string, number>, files: number): Record<string, number> {
  const often = [...calls]
    .map(([kind, count]) => [kind, Math.round((count / files) * 1000) / 1000] as const)
    .filter(([, count]) => count >= LEAST_PER_FILE);
  return Object.fromEntries(often.sort(([, a], [, b]) => b - a));
}
