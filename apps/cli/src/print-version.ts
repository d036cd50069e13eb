import { renderText } from './render/render-text.js';
import { version } from './version.js';

/** Prints the version, and sets the exit code. */
export async function start(): Promise<void> {
  process.exitCode = await renderText({ command: 'text', text: `${version()}\n`, to: 'stdout' });
}
