import { fileURLToPath } from 'node:url';
import { run } from './processes/run.js';
import type { Engine } from './results.js';

/** The path of the command that is measured. */
export const museMain = fileURLToPath(import.meta.resolve('@muse/cli'));

let engine: Engine | undefined;

/** Returns the engine that the command takes here by itself. */
export function engineHere(): Engine {
  return (engine ??= askForEngine());
}

function askForEngine(): Engine {
  const args = [museMain, '--version', '--debug'];
  const { stdout } = run({ program: process.execPath, args, printed: true });
  return stdout.includes('engine: native') ? 'native' : 'typescript';
}
