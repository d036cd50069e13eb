import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  effort,
  fsdecode,
  hostileNames,
  makeTree,
  removeTree,
  seededRandom,
  type TreeNode,
  type TreeSpec,
} from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PatternRules } from './pattern-rules.js';

/** A repository whose `.gitignore` is written anew for each case; nothing in it is ever added. */
let root: string;
const names = [
  'a',
  'b',
  'ab',
  'a.b',
  'b.a',
  '.a',
  'A',
  'a b',
  'a ',
  '[a]',
  'a\\b',
  'é',
  '\udcff',
  '#a',
  '!a',
  '*',
  '...',
];
const environment = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_DIR: undefined,
};

beforeAll(async () => {
  const files = Object.fromEntries(names.map((name) => [name, '']));
  const level = (below: TreeSpec): TreeSpec =>
    Object.fromEntries<TreeNode>([
      ...names.map((name): [string, TreeNode] => [name, '']),
      ['d', below],
      ['d.b', below],
      ['[d]', files],
    ]);
  root = await makeTree(level(level(files)));
  await makeTree({ hostile: new Map(hostileNames.map((name) => [name, ''])) }, root);
  git('init', '--quiet');
  git('config', 'core.ignoreCase', 'false');
});

afterAll(() => removeTree(root));

function git(...words: string[]): Buffer {
  return execFileSync('git', words, { cwd: root, env: environment, maxBuffer: 1 << 26 });
}

/** Returns the files that git would add, with or without the ignore file itself. */
function keptByGit(patterns: readonly string[]): string[] {
  writeFileSync(join(root, '.gitignore'), Buffer.from(patterns.join('\n') + '\n'));
  const listed = git('ls-files', '--others', '--exclude-standard', '-z').toString('latin1').split('\0');
  return listed
    .filter((path) => path !== '' && path !== '.gitignore')
    .map((path) => fsdecode(Buffer.from(path, 'latin1')))
    .sort();
}

function keptByUs(patterns: readonly string[]): string[] {
  const rules = new PatternRules(patterns.map((pattern) => ({ pattern, table: 'global' })));
  const kept: string[] = [];
  const visit = (directory: Buffer, prefix: string) => {
    for (const entry of readdirSync(directory, { encoding: 'buffer', withFileTypes: true })) {
      const name = entry.name as unknown as Buffer;
      const path = prefix + fsdecode(name);
      if (path === '.git' || path === '.gitignore') continue;
      if (rules.ignores(path, entry.isDirectory()))
        expect(rules.explain(path, entry.isDirectory())).toBeDefined();
      else if (entry.isDirectory()) visit(Buffer.concat([directory, Buffer.from('/'), name]), `${path}/`);
      else kept.push(path);
    }
  };
  visit(Buffer.from(root), '');
  return kept.sort();
}

describe('PatternRules leave out what git leaves out', () => {
  test.each([
    [['*']],
    [['a', '!d/a']],
    [['/a', 'd/']],
    [['d/*', '!d/a']],
    [['d/**', '!d/d/']],
    [['**/a', 'd/**/b']],
    [['/d/*/a*']],
    [['*.b', '!a.b']],
    [['*', '!*/', '!*.b']],
    [['*', '!/d', '!/d/a']],
    [['[a-b]', '![b]']],
    [['[!a]']],
    [['\\[a\\]', '\\#a', '\\!a', '\\*', 'a\\\\b']],
    [['#a', '', '!', '/', '!/', '\\']],
    [['a ', 'a\\ ']],
    [['?', '??']],
    [['é', '?b']],
    [['.*', '*~']],
    [['[', '[a', 'a]']],
    [['*.[ab]', '[[:upper:]]']],
    [['__proto__', 'constructor', '10', '\u{1f600}', 'hostile/caf*']],
    [['hostile/????']],
    [['hostile/*[!a-z0-9]']],
    [['d', '!d', 'd/d', '!d/d/a', 'd/d/a/']],
  ])('%j', (patterns) => {
    expect(keptByUs(patterns)).toEqual(keptByGit(patterns));
  });

  const rounds = effort(60, 1000);
  test(`PatternRules agree with git on ${String(rounds)} random lists`, () => {
    const random = seededRandom(20);
    for (let round = 0; round < rounds; round++) {
      const patterns = Array.from({ length: 1 + Math.floor(random() * 4) }, () => randomPattern(random));
      expect(keptByUs(patterns), JSON.stringify(patterns)).toEqual(keptByGit(patterns));
    }
  });
});

const atoms = [
  'a',
  'b',
  'd',
  'A',
  '.',
  '*',
  '?',
  '[ab]',
  '[!a]',
  '[a-c.]',
  '\\a',
  '\\*',
  '\\[',
  ' ',
  'é',
  '#',
  '!',
  'a',
  'd',
  '*',
];

function randomPattern(random: () => number): string {
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? '';
  const segments = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    if (random() < 0.2) return '**';
    const length = 1 + Math.floor(random() * 3);
    return Array.from({ length }, () => pick(atoms)).join('');
  });
  const start = pick(['', '', '', '!', '/', '!/']);
  return start + segments.join('/') + pick(['', '', '/']);
}
