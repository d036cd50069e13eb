import { readFileSync } from 'node:fs';
import { CommandError, exitCodeOf } from './errors.js';
import { stderrStream, writeStdout } from './terminal/streams.js';

/** Returns the version in this package's manifest. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

/** Prints the version, and sets the exit code; nothing else is loaded for it. */
export async function start(): Promise<void> {
  try {
    await writeStdout([Buffer.from(`${version()}\n`)]);
  } catch (error) {
    if (error instanceof CommandError) stderrStream().write(`muse: ${error.line}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
