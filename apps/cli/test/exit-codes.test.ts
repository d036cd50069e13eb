import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ExitCode } from '../src/errors.js';
import { muse } from './muse.js';

const codes = Object.values(ExitCode).sort((a, b) => a - b);

/** The text below a heading, up to the next one. */
async function section(document: string, heading: string): Promise<string> {
  const text = await readFile(new URL(document, import.meta.url), 'utf8');
  const [, , below = ''] = text.split(new RegExp(`^(#+) ${heading}\n`, 'm'));
  return below.split(/^#/m)[0] ?? '';
}

/** The numbers at the beginning of lines, where several may stand with commas between them, in order. */
function leadingCodes(text: string, pattern: RegExp): number[] {
  const found = [...text.matchAll(pattern)].flatMap(([, list = '']) => list.split(', ').map(Number));
  return found.sort((a, b) => a - b);
}

describe('the exit codes', () => {
  it('are those of the program in the table of the README, each once', async () => {
    expect(leadingCodes(await section('../README.md', 'Exit codes'), /^\| (\d+(?:, \d+)*) +\|/gm)).toEqual(
      codes,
    );
  });

  it('are those of the program in the help, each once', async () => {
    const { stdout } = await muse(['--help']);
    const [, table = ''] = stdout.toString().split('\nExit codes:\n');
    expect(leadingCodes(table, /(?:^ {2}|; )(\d+(?:, \d+)*) /gm)).toEqual(codes);
  });

  it('are no others in the README of the repository', async () => {
    const text = await section('../../../README.md', 'Exit codes');
    const named = leadingCodes(text, /^\| (\d+) +\|/gm);
    expect(named).toEqual(expect.arrayContaining([0, 1, 2, 3, 4]));
    expect(named.filter((code) => !(codes as number[]).includes(code))).toEqual([]);
  });
});
