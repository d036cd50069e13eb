import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { effort, fsdecode, makeTree, removeTree, type TreeNode, type TreeSpec } from '@muse/testkit';
import { walk, type IgnoreRules } from '@muse/walker';
import {
  combineIgnoreRules,
  loadGitIgnoreRules,
  loadIgnoreFiles,
  loadIgnoreRules,
  PatternRules,
} from '@muse/walker/ignore';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** As many as take a few seconds; more can be asked for by hand. */
const runs = effort(50, 3000);
const noGit = spawnSync('git', ['--version']).status !== 0;

const environment = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  XDG_CONFIG_HOME: '/nowhere',
  HOME: '/nowhere',
  GIT_DIR: undefined,
};

const names = ['a', 'b', 'ab', 'a.b', 'a b', 'é', '[a]', 'a\\b', '#a', '!a', 'c '];
const directories = ['d', 'e', 'd.b', 'ab.d'];

let root: string;

beforeAll(async () => {
  const files = Object.fromEntries(names.map((name) => [name, '']));
  const level = (below: TreeSpec): TreeSpec =>
    Object.fromEntries<TreeNode>([
      ...Object.entries(files),
      ...directories.map((name, index): [string, TreeNode] => [name, index < 2 ? below : files]),
    ]);
  root = await makeTree(level(level(files)));
  await makeTree({ '.git': { HEAD: 'ref: refs/heads/main\n', objects: {}, refs: {}, info: {} } }, root);
  if (!noGit) execFileSync('git', ['init', '--quiet'], { cwd: root, env: environment });
});

afterAll(() => removeTree(root));

const atom = fc.constantFrom(
  ...[
    'a',
    'b',
    'd',
    'e',
    '.',
    'é',
    ' ',
    'a',
    'd',
    '*',
    '*',
    '**',
    '?',
    '[ab]',
    '[!a]',
    '[a-d]',
    '[[:alpha:]]',
    '\\a',
    '\\*',
    '\\ ',
  ],
);
const segment = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...names.slice(0, 5), ...directories, '*', '**') },
  { weight: 3, arbitrary: fc.array(atom, { minLength: 1, maxLength: 4 }).map((atoms) => atoms.join('')) },
);
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '', '!', '!', '/', '!/', '#', '\\#', '\\!'),
    fc.array(segment, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '', '/', '/', ' ', '\\ ', '\\', '\r', '/*', '/**'),
  )
  .map(([start, segments, end]) => start + segments.join('/') + end);
const wide = fc.constantFrom(
  '*',
  '/*',
  '!*/',
  '!/d/',
  '!/d/*',
  'd/*',
  '!a',
  '!*b',
  '**',
  '*/',
  '!**',
  '/**',
  'e/**',
);
const list = fc.array(fc.oneof({ weight: 4, arbitrary: pattern }, { weight: 1, arbitrary: wide }), {
  minLength: 1,
  maxLength: 10,
});

/** Where a layer may stand, in the order in which they count; the last three may come more than once. */
const KINDS = ['info/exclude', '.gitignore', '.museignore', 'file', 'file', 'exclude', 'exclude'] as const;
const OWN_FILES = ['.git/info/exclude', '.gitignore', '.museignore', '.git/1.toml', '.git/2.toml'];

/** A list, and where it is cut into as many layers as there are kinds, some of them empty. */
const cutList = fc.tuple(
  list,
  fc.array(fc.nat(10), { minLength: KINDS.length - 1, maxLength: KINDS.length - 1 }),
);

function cut(patterns: readonly string[], cuts: readonly number[]): string[][] {
  const ends = cuts.map((end) => Math.min(end, patterns.length)).sort((a, b) => a - b);
  return KINDS.map((_, index) => patterns.slice(ends[index - 1] ?? 0, ends[index] ?? patterns.length));
}

/** A line is one in each format: in TOML as a string. */
const toml = (patterns: readonly string[]) =>
  `[global]\npatterns = [${patterns.map((text) => JSON.stringify(text)).join(', ')}]\n`;
const lines = (patterns: readonly string[]) => patterns.map((text) => `${text}\n`).join('');

async function keptByLayers(layers: readonly (readonly string[])[]): Promise<string[]> {
  const [exclude = [], gitignore = [], museignore = [], first = [], second = [], ...patterns] = layers;
  const texts = [lines(exclude), lines(gitignore), toml(museignore), toml(first), toml(second)];
  texts.forEach((text, index) => {
    writeFileSync(join(root, OWN_FILES[index] ?? ''), text);
  });
  try {
    const ignore = combineIgnoreRules(
      await loadGitIgnoreRules(root),
      await loadIgnoreRules(root),
      await loadIgnoreFiles(
        root,
        OWN_FILES.slice(3).map((name) => join(root, name)),
      ),
      ...patterns.map((each) => new PatternRules(each.map((one) => ({ pattern: one })))),
    );
    return await kept(ignore);
  } finally {
    for (const name of OWN_FILES) rmSync(join(root, name));
  }
}

async function kept(ignore: IgnoreRules | undefined): Promise<string[]> {
  const { files, problems } = await walk(root, { threads: 1, ignore });
  expect(problems).toEqual([]);
  return files.map(({ path }) => path).filter((path) => !OWN_FILES.includes(path));
}

/** As one list in `info/exclude`, which is no file of the tree. */
function keptByGit(patterns: readonly string[]): string[] {
  writeFileSync(join(root, '.git/info/exclude'), lines(patterns));
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    env: environment,
    maxBuffer: 1 << 26,
  });
  return listed
    .toString('latin1')
    .split('\0')
    .filter((path) => path !== '')
    .map((path) => fsdecode(Buffer.from(path, 'latin1')));
}

describe('A list of patterns', () => {
  it('says the same in one layer as cut into layers of any kinds', async () => {
    let telling = 0;
    await fc.assert(
      fc.asyncProperty(cutList, async ([patterns, cuts]) => {
        const whole = await kept(new PatternRules(patterns.map((text) => ({ pattern: text }))));
        if (whole.length > 0) telling++;
        expect(await keptByLayers(cut(patterns, cuts))).toEqual(whole);
      }),
      { numRuns: runs },
    );
    expect(telling).toBeGreaterThan(runs * 0.3);
  });

  it.skipIf(noGit)('says what it says to git', async () => {
    await fc.assert(
      fc.asyncProperty(list, async (patterns) => {
        const byGit = keptByGit(patterns).sort();
        rmSync(join(root, '.git/info/exclude'));
        expect((await kept(new PatternRules(patterns.map((text) => ({ pattern: text }))))).sort()).toEqual(
          byGit,
        );
      }),
      { numRuns: runs },
    );
  });

  it('takes back in what an earlier layer leaves out, below a directory too', async () => {
    const ignore = combineIgnoreRules(
      new PatternRules([{ pattern: '/*' }]),
      new PatternRules([{ pattern: '!/d/' }]),
      new PatternRules([{ pattern: '/d/*' }, { pattern: '!/d/ab' }]),
    );
    expect(await kept(ignore)).toEqual(['d/ab']);
  });
});
