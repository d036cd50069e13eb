import { fileURLToPath } from 'node:url';
import { run } from './run.js';

/**
 * Runs one of our scripts to its end and returns what it printed.
 *
 * Whatever takes memory happens in a script: a process that is started begins as a copy of the page tables of this one,
 * which takes the longer the larger this one is, and is part of the time of a whole process.
 */
export function runScript(name: string, ...args: string[]): string {
  const script = fileURLToPath(new URL(`../children/${name}.js`, import.meta.url));
  return run({ program: process.execPath, args: [script, ...args], printed: true }).stdout;
}
