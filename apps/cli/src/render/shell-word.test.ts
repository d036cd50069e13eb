import { spawnSync } from 'node:child_process';
import { treePathToBytes } from '@muse/paths';
import { describe, expect, it } from 'vitest';
import { printable } from './printable.js';
import { shellWord } from './shell-word.js';

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
