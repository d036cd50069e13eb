import type { Problem } from '@muse/snapshot';
import { describe, expect, it } from 'vitest';
import { problemLines } from './problem-lines.js';

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
