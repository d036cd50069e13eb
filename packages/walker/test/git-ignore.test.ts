import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toNativePath } from '@muse/paths';
import {
  effort,
  fifo,
  fsdecode,
  makeTree,
  removeTree,
  seededRandom,
  symlink,
  type TreeNode,
  type TreeSpec,
} from '@muse/testkit';
import { walk } from '@muse/walker';
import { combineIgnoreRules, loadGitIgnoreRules, PatternRules, rulesAbove } from '@muse/walker/ignore';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { directories, names, randomCase, repository, type GitCase } from './support/git-cases.js';

/** As many as by default take a few seconds; more can be asked for by hand, and from another seed. */
const cases = effort(50, 3000);
const seed = Number(process.env['MUSE_GIT_SEED'] ?? 1);
const noGit = spawnSync('git', ['--version']).status !== 0;
if (noGit) console.warn('Skipped: git is not installed, so that nothing can be compared with it');

const environment = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  XDG_CONFIG_HOME: '/nowhere',
  HOME: '/nowhere',
  GIT_DIR: undefined,
};
let root: string;

beforeAll(async () => {
  const files = Object.fromEntries(names.map((name) => [name, '']));
  const level = (below: TreeSpec): TreeSpec =>
    Object.fromEntries<TreeNode>([
      ...Object.entries(files),
      // A name is a file or a directory, not both.
      ...directories.map((name, index) => [name, index < 3 ? below : { a: '', b: '', 'a.b': '' }] as const),
    ]);
  root = await makeTree(level(level(files)));
  if (!noGit) git(root, 'init', '--quiet');
  if (!noGit) git(root, 'config', 'core.ignoreCase', 'false');
});

afterAll(() => removeTree(root));

function git(cwd: string, ...words: string[]): Buffer {
  return execFileSync('git', words, {
    cwd,
    env: environment,
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function listedByGit(directory: string): string[] {
  const bytes = git(directory, 'ls-files', '-co', '--exclude-standard', '-z');
  return bytes
    .toString('latin1')
    .split('\0')
    .filter((path) => path !== '')
    .map((path) => fsdecode(Buffer.from(path, 'latin1')))
    .sort();
}

function leftOutByGit(directory: string): boolean {
  return spawnSync('git', ['check-ignore', '-q', directory], { cwd: root, env: environment }).status === 0;
}

async function listedByUs(directory: string): Promise<string[]> {
  const { files, problems } = await walk(directory, {
    threads: 1,
    ignore: await loadGitIgnoreRules(directory),
  });
  expect(problems).toEqual([]);
  return files.map(({ path }) => path).sort();
}

/** Puts the files of a case there for as long as `during` takes. */
async function withFiles(files: GitCase, during: () => Promise<void>): Promise<void> {
  rmSync(join(root, '.git/info/exclude'), { force: true });
  const paths = [...files.keys()].map((path) =>
    path.startsWith('.git/') ? join(root, path) : toNativePath(root, path),
  );
  for (const [index, bytes] of [...files.values()].entries()) {
    writeFileSync(paths[index] ?? '', bytes);
  }
  try {
    await during();
  } finally {
    for (const path of paths) rmSync(path);
  }
}

describe.skipIf(noGit)('loadGitIgnoreRules(), beside git itself', () => {
  it(`lists the files that git lists, in ${String(cases)} random cases`, async () => {
    const random = seededRandom(seed);
    const all = (await walk(root, { threads: 1 })).files.length;
    let telling = 0;
    for (let round = 0; round < cases; round++) {
      const files = randomCase(random);
      const texts = () => JSON.stringify([...files].map(([path, bytes]) => [path, bytes.toString('latin1')]));
      const inDirectory = random() < 0.15;
      await withFiles(files, async () => {
        // A root is never left out itself, which is where we are not git.
        const below = inDirectory && !leftOutByGit('d') ? join(root, 'd') : root;
        const listed = await listedByUs(below);
        if (listed.length > files.size && listed.length < all) telling++;
        expect(listed, `case ${String(round)}: ${texts()}`).toEqual(listedByGit(below));
      });
    }
    // Where everything or nothing is left out, nearly any matcher agrees.
    expect(telling).toBeGreaterThan(cases * 0.4);
  });
});

describe('loadGitIgnoreRules()', () => {
  const made = async (spec: TreeSpec): Promise<string> => {
    const directory = await makeTree(spec);
    onTestFinished(() => removeTree(directory));
    return directory;
  };
  const kept = async (directory: string) => {
    const warnings: string[] = [];
    const ignore = await loadGitIgnoreRules(directory, {
      logger: { warn: (text) => void warnings.push(text) },
    });
    const walked = await walk(directory, { ignore });
    const explain = async (path: string, isDirectory: boolean) => {
      const { rules } = await rulesAbove(directory, path, ignore);
      return rules?.explain?.(path, isDirectory);
    };
    return { ...walked, explain, warnings, files: walked.files.map(({ path }) => path) };
  };

  it('reads nested files where there is no repository, and names the rule', async () => {
    const directory = await made({
      '.gitignore': '# objects\n*.o\n\n/build/\n',
      'build/x': '',
      'src/.gitignore': '!keep.o\n',
      'src/a.o': '',
      'src/keep.o': '',
      'src/a.c': '',
    });
    const { files, leftOut, explain } = await kept(directory);
    expect(files).toEqual(['.gitignore', 'src/.gitignore', 'src/a.c', 'src/keep.o']);
    expect(leftOut.ignored).toBe(2);
    const file = join(directory, '.gitignore');
    expect(await explain('build', true)).toEqual({ pattern: '/build/', line: 4, file });
    expect(await explain('src/a.o', false)).toEqual({ pattern: '*.o', line: 2, file });
    expect(await explain('src/keep.o', false)).toBeUndefined();
  });

  it('reads those above the root up to the top of the repository, and its own patterns', async () => {
    const directory = await made({
      '.gitignore': 'everything\n',
      'repo/.git': { ...repository, 'info/exclude': '*.x\n*.y\n' },
      'repo/.gitignore': '*.a\n/p/q/top\n/q\n',
      'repo/p/.gitignore': '!kept.a\n!*.y\n',
      'repo/p/q': { 'c.a': '', 'kept.a': '', top: '', 'd.x': '', 'd.y': '', everything: '', q: '' },
    });
    expect((await kept(join(directory, 'repo/p/q'))).files).toEqual(['d.y', 'everything', 'kept.a', 'q']);
  });

  it('finds the repository of a further working tree', async () => {
    const directory = await made({
      'repo/.git': {
        ...repository,
        'info/exclude': 'x\n',
        'worktrees/w': { commondir: '../..\n', HEAD: repository.HEAD },
      },
      'w/.git': 'gitdir: ../repo/.git/worktrees/w\n',
      'w/x': '',
      'w/y': '',
    });
    expect((await kept(join(directory, 'w'))).files).toEqual(['y']);
  });

  it('never leaves out the root itself', async () => {
    const directory = await made({ '.git': repository, '.gitignore': 'build/\n', 'build/x': '' });
    expect((await kept(join(directory, 'build'))).files).toEqual(['x']);
  });

  it('follows no link that is called .gitignore, waits for no pipe, and says so', async () => {
    const directory = await made({
      patterns: '*\n',
      'a/.gitignore': symlink('../patterns'),
      'a/x': '',
      'b/.gitignore': fifo(),
      'b/x': '',
      'c/.gitignore/x': '',
    });
    const { files, warnings, problems } = await kept(directory);
    expect(files).toEqual(['a/x', 'b/x', 'c/.gitignore/x', 'patterns']);
    expect(warnings.sort()).toEqual([
      expect.stringContaining(`"${join(directory, 'a/.gitignore')}"`),
      expect.stringContaining(`"${join(directory, 'b/.gitignore')}"`),
    ]);
    expect(problems).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')(
    'names a .gitignore that it cannot read, as a problem',
    async () => {
      const directory = await made({ 'd/.gitignore': '', 'd/x': '', 'e/x': '' });
      truncateSync(join(directory, 'd/.gitignore'), 1024 * 1024 + 1);
      const { files, problems, leftOut } = await kept(directory);
      expect(files).toEqual(['d/x', 'e/x']);
      expect(leftOut.ignored).toBe(0);
      expect(problems).toEqual([
        {
          path: 'd/.gitignore',
          kind: 'io-error',
          operation: 'read',
          code: 'EFBIG',
          message: 'it has more than the 1048576 bytes allowed',
        },
      ]);
    },
  );

  it('names one above the root that it cannot read, as a problem of the root', async () => {
    const directory = await made({ '.git': repository, '.gitignore': '', 'd/x': '' });
    const file = join(directory, '.gitignore');
    truncateSync(file, 1024 * 1024 + 1);
    const { files, problems } = await kept(join(directory, 'd'));
    expect(files).toEqual(['x']);
    const message = `${JSON.stringify(file)}: it has more than the 1048576 bytes allowed`;
    expect(problems).toEqual([{ path: '', kind: 'io-error', operation: 'open', code: 'EFBIG', message }]);
  });
});

describe('loadGitIgnoreRules(), beyond its limits', () => {
  const many = (count: number, text: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => `${text(index)}\n`).join('');

  it.each<[string, string, unknown]>([
    [
      'a long pattern',
      `a\n${'x'.repeat(4097)}\n`,
      'line 2: a pattern may have 4096 bytes, and this one has 4097',
    ],
    [
      'many patterns',
      many(100_001, () => 'x'),
      'line 100000: it is one more than the 100000 patterns that are allowed',
    ],
    [
      'many wildcards',
      many(2000, (index) => `*n*${String(index)}`),
      expect.stringMatching(
        /^line \d+: up to here patterns with wildcards have more than the 6144 bytes allowed$/,
      ),
    ],
  ])('names a .gitignore with %s as a problem, and obeys the others', async (_, text, message) => {
    const directory = await makeTree({
      '.gitignore': '*.o\n',
      'd/.gitignore': text,
      'd/x': '',
      'd/e/a.o': '',
      'e/.gitignore': '*.c\n',
      'e/a.c': '',
    });
    onTestFinished(() => removeTree(directory));
    const { files, problems } = await walk(directory, { ignore: await loadGitIgnoreRules(directory) });
    expect(files.map(({ path }) => path)).toEqual(['.gitignore', 'd/x', 'e/.gitignore']);
    expect(problems).toEqual([
      { path: 'd/.gitignore', kind: 'io-error', operation: 'read', code: 'E2BIG', message },
    ]);
  });

  it('counts the patterns of all files that are above an entry, and no others', async () => {
    const half = many(60_000, (index) => `n${String(index)}`);
    const directory = await makeTree({
      'a/.gitignore': half,
      'b/.gitignore': half,
      'b/c/d/.gitignore': half,
      'b/c/d/n1': '',
    });
    onTestFinished(() => removeTree(directory));
    const { files, problems } = await walk(directory, { ignore: await loadGitIgnoreRules(directory) });
    expect(problems.map(({ path, message }) => [path, message])).toEqual([
      ['b/c/d/.gitignore', 'line 40001: it is one more than the 100000 patterns that are allowed'],
    ]);
    expect(files.map(({ path }) => path)).toEqual(['a/.gitignore', 'b/.gitignore']);
  });

  it('reads a file in each of 1,000 directories within one another', async () => {
    const below = (depth: number): TreeSpec => ({
      '.gitignore': `x${String(depth)}\n/d/d/y\n`,
      [`x${String(depth)}`]: '',
      y: '',
      ...(depth < 1001 && { d: below(depth + 1) }),
    });
    const directory = await makeTree(below(1));
    onTestFinished(() => removeTree(directory));
    const { files, leftOut, problems } = await walk(directory, {
      ignore: await loadGitIgnoreRules(directory),
    });
    expect(problems.map(({ path, message }) => [path, message])).toEqual([
      [
        `${'d/'.repeat(1000)}.gitignore`,
        'line 1: at most 1000 files of patterns may count in one place, and this is one more',
      ],
    ]);
    expect(leftOut.ignored).toBe(1000 + 999);
    expect(files.filter(({ path }) => path.endsWith('y'))).toHaveLength(2);
  });
});

describe('combineIgnoreRules()', () => {
  const patterns = (...list: string[]) => new PatternRules(list.map((pattern) => ({ pattern })));

  it('lets a later one overrule an earlier one, either way', async () => {
    const directory = await makeTree({
      '.gitignore': '*.log\ndist\n!keep\n',
      'a.log': '',
      'b.log': '',
      dist: { x: '', y: '' },
      keep: '',
    });
    onTestFinished(() => removeTree(directory));
    const own = patterns('!b.log', '!dist', 'keep');
    const ignore = combineIgnoreRules(
      await loadGitIgnoreRules(directory),
      undefined,
      own,
      patterns('/dist/x'),
    );
    const { files } = await walk(directory, { ignore });
    expect(files.map(({ path }) => path)).toEqual(['.gitignore', 'b.log', 'dist/y']);
    const { rules } = await rulesAbove(directory, 'a.log', ignore);
    expect(rules?.explain?.('a.log', false)).toMatchObject({ pattern: '*.log', line: 1 });
    expect(rules?.explain?.('keep', false)).toEqual({ pattern: 'keep' });
    expect(rules?.explain?.('b.log', false)).toBeUndefined();
  });

  it('takes rules of any class, and gives one alone back as it is', () => {
    const one = { ignores: (path: string) => path === 'x' };
    expect(combineIgnoreRules(undefined, one)).toBe(one);
    expect(combineIgnoreRules()).toBeUndefined();
    const both = combineIgnoreRules(one, patterns('y', '!x'));
    expect(['x', 'y', 'z'].map((path) => both?.ignores(path, false))).toEqual([false, true, false]);
    expect(combineIgnoreRules(patterns('!x'), one)?.ignores('x', false)).toBe(true);
  });
});
