import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { freshDist } from '@muse/testkit';
import { expect, it } from 'vitest';

const script = join(freshDist('@muse/bench'), 'fuzz-decoder.js');

/** What the script prints in its first line. */
interface Figures {
  readonly texts: number;
  readonly taken: number;
  readonly blocks: number;
  readonly findings: number;
}

/** A decoder that hangs is a finding, after 40 s at most. */
const LIMIT = { timeout: 70_000, killSignal: 'SIGKILL' } as const;
/** One run in some hundred, on Node 24, neither printed anything nor ended. */
const AGAIN = { timeout: 90_000, retry: 1 };

/** Returns the lines that a run prints; one with findings exits with 1. */
function fuzz(...args: string[]): Promise<string[]> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], LIMIT, (_error, stdout, stderr) => {
      resolve(`${stdout}${stderr}`.trim().split('\n'));
    });
  });
}

it('the JSON v3 decoder takes no text wrongly that 3 seconds bring up', AGAIN, async () => {
  const [first = '', ...findings] = await fuzz('--seconds', '3', '--seed', '1');
  expect(findings).toEqual([]);
  const { texts, taken, blocks } = JSON.parse(first) as Figures;
  expect(texts).toBeGreaterThan(100);
  // Were nearly all of them refused, the run would say little.
  expect(taken).toBeGreaterThan(texts / 10);
  // Were the decoder's own code not watched, nothing would lead the changes anywhere.
  expect(blocks).toBeGreaterThan(300);
});
