import { spawnSync } from 'node:child_process';
import { treePathToBytes } from '@muse/paths';
import { describe, expect, it } from 'vitest';
import type { Problem } from '@muse/walker';
import { problemLines } from './failures.js';
import { shellWord } from './terminal/shell-word.js';
import { printable } from './terminal/printable.js';

function problems(count: number): Problem[] {
  return Array.from({ length: count }, (_, index) => ({
    path: `d/${index}`,
    kind: 'unreadable',
    operation: 'open',
    code: 'EACCES',
    message: 'permission denied',
  }));
}

describe('problemLines()', () => {
  it('names the path, what was done and what the system said', () => {
    expect(problemLines(problems(1))).toEqual(['d/0: cannot open: permission denied (EACCES)']);
  });

  it('says in words what the system call is for', () => {
    const [problem] = problems(1) as [Problem];
    expect(problemLines([{ ...problem, operation: 'readdir' }])).toEqual([
      'd/0: cannot list: permission denied (EACCES)',
    ]);
  });

  it.each(['constructor', '__proto__', 'toString'])(
    'takes the operation %s for a word like any other',
    (operation) => {
      const [problem] = problems(1) as [Problem];
      expect(problemLines([{ ...problem, operation }])).toEqual([
        `d/0: cannot ${operation}: permission denied (EACCES)`,
      ]);
    },
  );

  it('names fifty, and counts the others', () => {
    expect(problemLines(problems(50))).toHaveLength(50);
    const lines = problemLines(problems(1_062));
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('and 1,012 more problems; --json lists them all');
    expect(problemLines(problems(51)).at(-1)).toBe('and 1 more problem; --json lists them all');
  });
});

const names = [
  ['src/main.c', 'src/main.c'],
  ['x;touch y', "'x;touch y'"],
  ['$(touch y)`touch y`', "'$(touch y)`touch y`'"],
  ["o'clock", "'o'\\''clock'"],
  ['', "''"],
  ['~', "'~'"],
  ['a=b', 'a=b'],
  ['-rf', './-rf'],
  ['- x', "'./- x'"],
  ['a\nb', "$'a\\x0ab'"],
  ["\x1b'\\", "$'\\x1b\\x27\\x5c'"],
  ['\udcff\u200b1', "$'\\xff\\xe2\\x80\\x8b1'"],
  ['日本', "'日本'"],
] as const;

describe('shellWord()', () => {
  it.each(names)('turns %j into %s', (name, word) => {
    expect(shellWord(name)).toBe(word);
    expect(printable(shellWord(name))).toBe(shellWord(name));
  });

  it.skipIf(spawnSync('bash', ['-c', 'true']).status !== 0)('says what a shell understands', () => {
    for (const [name] of names) {
      const run = spawnSync('bash', ['-c', `printf %s ${shellWord(name)}`]);
      const path = name.startsWith('-') ? `./${name}` : name;
      expect(run.stdout.equals(treePathToBytes(path))).toBe(true);
    }
  });
});
