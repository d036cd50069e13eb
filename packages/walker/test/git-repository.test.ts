import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  built,
  fifo,
  fsdecode,
  giveToOrdinaryUser,
  makeTree,
  ordinaryUser,
  removeTree,
  socket,
  symlink,
  type TreeNode,
  type TreeSpec,
} from '@muse/testkit';
import { walk } from '@muse/walker';
import { loadGitIgnoreRules } from '@muse/walker/ignore';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asOrdinaryUser } from './support/as-ordinary-user.js';
import { repository } from './support/git-cases.js';

const noGit = spawnSync('git', ['--version']).status !== 0;
if (noGit) console.warn('Skipped: git is not installed, so that nothing can be compared with it');

const environment = {
  ...process.env,
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  HOME: '/nowhere',
  GIT_DIR: undefined,
};

async function made(spec: TreeSpec): Promise<string> {
  const directory = await makeTree(spec);
  onTestFinished(() => removeTree(directory));
  return realpathSync(directory);
}

/** The files in a directory that git lists; undefined where git refuses to work there. */
function byGit(directory: string): string[] | undefined {
  const { status, stdout } = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: directory,
    env: environment,
  });
  if (status !== 0) return undefined;
  const paths = stdout.toString('latin1').split('\0').filter(Boolean);
  return paths.map((path) => fsdecode(Buffer.from(path, 'latin1'))).sort();
}

interface Kept {
  readonly files: readonly string[];
  readonly problems: readonly string[];
}

async function byUs(directory: string): Promise<Kept> {
  const ignore = await loadGitIgnoreRules(directory);
  const { files, problems } = await walk(directory, { threads: 1, ignore });
  return {
    files: files.map(({ path }) => path).sort(),
    problems: problems.map(({ path, code, message }) => `${path} ${code} ${message}`),
  };
}

/** A tree in which each way of losing or gaining a repository shows: in `w`, `x` is left out by `.git/info/exclude`. */
const files = { '.gitignore': 'a\n', a: '', b: '', top: '', x: '', 'sub/a': '', 'sub/b': '', 'sub/x': '' };
const whole = { ...repository, 'info/exclude': 'x\n' } as const;

/** By name: what is in `w`, beside its files, and beside it. */
const repositories: readonly (readonly [
  string,
  { readonly w: Record<string, TreeNode>; readonly beside?: Record<string, TreeNode> },
])[] = [
  ['none', { w: {} }],
  ['a directory', { w: { '.git': whole } }],
  ['a directory with HEAD alone', { w: { '.git': { HEAD: repository.HEAD, 'info/exclude': 'x\n' } } }],
  [
    'a directory without objects',
    { w: { '.git': { HEAD: repository.HEAD, refs: {}, 'info/exclude': 'x\n' } } },
  ],
  [
    'a directory without refs',
    { w: { '.git': { HEAD: repository.HEAD, objects: {}, 'info/exclude': 'x\n' } } },
  ],
  ['a directory without HEAD', { w: { '.git': { objects: {}, refs: {}, 'info/exclude': 'x\n' } } }],
  ['files for objects and refs', { w: { '.git': { ...whole, objects: '', refs: '' } } }],
  ...(
    [
      ['empty', ''],
      ['a branch after blanks', 'ref:\t \nrefs/heads/x'],
      ['a branch elsewhere', 'ref: heads/x\n'],
      ['in other letters', 'REF: refs/heads/x\n'],
      ['a commit', `${'0123456789abcdefABCD'.repeat(2)}\n`],
      ['a long commit', 'a'.repeat(64)],
      ['a commit and more', `${'a'.repeat(40)} and more`],
      ['a short commit', `${'a'.repeat(39)}\n`],
      ['no text', Buffer.from([0xff, 0])],
      ['a directory', {}],
      ['a link into refs', symlink('refs/heads/main')],
      ['a link elsewhere', symlink('../HEAD')],
    ] as const
  ).map(([name, HEAD]) => [`a HEAD that is ${name}`, { w: { '.git': { ...whole, HEAD } } }] as const),
  ['a link to a directory', { w: { '.git': symlink('../elsewhere') }, beside: { elsewhere: whole } }],
  ['a link that leads nowhere', { w: { '.git': symlink('../nowhere') } }],
  ['a link to itself', { w: { '.git': symlink('.git') } }],
  [
    'a link to a file that leads there',
    { w: { '.git': symlink('../file') }, beside: { file: 'gitdir: elsewhere', 'w/elsewhere': whole } },
  ],
  ...(
    [
      ['', 'gitdir: ../elsewhere'],
      [' with a line end', 'gitdir: ../elsewhere\n'],
      [' with several line ends', 'gitdir: ../elsewhere\r\n\n\r\n'],
      [' with a NUL', 'gitdir: ../elsewhere\0more\n'],
      [' with a blank at the end', 'gitdir: ../elsewhere \n'],
      [' with two blanks', 'gitdir:  ../elsewhere\n'],
      [' without a blank', 'gitdir:../elsewhere\n'],
      [' after a mark', '\ufeffgitdir: ../elsewhere\n'],
      [' in other letters', 'GITDIR: ../elsewhere\n'],
      [' through a directory', 'gitdir: sub/../../elsewhere\n'],
      [' through a link', 'gitdir: ../far/../elsewhere\n'],
      [' that ends at once', 'gitdir: \n'],
      [' to itself', 'gitdir: .git\n'],
      [' to a further file', 'gitdir: ../chain\n'],
      [' to nowhere', 'gitdir: ../nowhere\n'],
      [' to a name', 'gitdir: here\n'],
    ] as const
  ).map(
    ([name, text]) =>
      [
        `a file${name}`,
        {
          w: { '.git': text, here: whole },
          beside: {
            elsewhere: whole,
            chain: 'gitdir: elsewhere\n',
            far: symlink('deep/er'),
            'deep/er': {},
            'deep/elsewhere': whole,
          },
        },
      ] as const,
  ),
  ['an empty file', { w: { '.git': '' } }],
  [
    'a file larger than git reads',
    { w: { '.git': `gitdir: ../elsewhere\n${'\n'.repeat(1 << 20)}` }, beside: { elsewhere: whole } },
  ],
  ...(
    [
      ['', '../..'],
      [' with line ends', '../..\r\n\r\n'],
      [' to nowhere', '../nowhere'],
      [' to no repository', '..'],
      [' of nothing', ''],
    ] as const
  ).map(
    ([name, commondir]) =>
      [
        `a worktree whose commondir leads there${name}`,
        {
          w: { '.git': 'gitdir: ../elsewhere/worktrees/w' },
          beside: { elsewhere: { ...whole, 'worktrees/w': { commondir, HEAD: repository.HEAD } } },
        },
      ] as const,
  ),
];

describe.skipIf(noGit)('loadGitIgnoreRules(), in a directory where git finds a repository or not', () => {
  it.each(repositories)('agrees with git where .git is %s', async (_, { w, beside = {} }) => {
    // The one around it shows where git goes on to look above.
    const root = await made({
      '.git': { ...repository, 'info/exclude': 'top\n' },
      ...beside,
      w: { ...files, ...w },
    });
    for (const directory of ['w', 'w/sub']) {
      const git = byGit(join(root, directory));
      const us = await byUs(join(root, directory));
      if (git) expect(us).toEqual({ files: git, problems: [] });
      else expect(us.problems, `${directory}: git refuses`).not.toEqual([]);
    }
  });

  it('agrees with git in worktrees, submodules and what else git makes', async () => {
    const root = await made({ main: { '.gitignore': 'a\n', file: '' }, other: { file: '' } });
    const git = (cwd: string, ...words: string[]) =>
      execFileSync(
        'git',
        ['-c', 'user.name=n', '-c', 'user.email=e', '-c', 'protocol.file.allow=always', ...words],
        {
          cwd: join(root, cwd),
          env: environment,
          stdio: 'pipe',
        },
      );
    for (const name of ['other', 'main']) {
      git(name, 'init', '--quiet');
      git(name, 'add', '.');
      git(name, 'commit', '--quiet', '-m', 'first');
    }
    git('main', 'submodule', '--quiet', 'add', join(root, 'other'), 'deep/module');
    git('main', 'worktree', 'add', '--quiet', join(root, 'tree'));
    git('.', 'clone', '--quiet', '--separate-git-dir', join(root, 'apart.git'), join(root, 'main'), 'apart');
    git('main', 'config', 'extensions.worktreeConfig', 'true');
    for (const repo of ['main/.git', 'main/.git/modules/deep/module', 'apart.git']) {
      writeFileSync(join(root, repo, 'info/exclude'), `x\n`);
    }
    for (const directory of ['main', 'main/deep/module', 'tree', 'apart']) {
      for (const name of ['a', 'b', 'x']) writeFileSync(join(root, directory, name), '');
    }
    for (const directory of ['main/deep/module', 'tree', 'apart']) {
      expect(await byUs(join(root, directory)), directory).toEqual({
        files: byGit(join(root, directory)),
        problems: [],
      });
      expect(byGit(join(root, directory)), directory).not.toContain('x');
    }
    // Git does not look into its submodules; we do, by their own rules.
    const { files: all, problems } = await byUs(join(root, 'main'));
    expect(problems).toEqual([]);
    const inside = byGit(join(root, 'main/deep/module'))?.map((path) => `deep/module/${path}`) ?? [];
    const outside = byGit(join(root, 'main'))?.filter((path) => path !== 'deep/module') ?? [];
    expect(all).toEqual([...outside, ...inside].sort());
    expect(all).toContain('deep/module/a');
  });

  it.skipIf(process.platform !== 'linux')('reads the paths of a worktree by their bytes', async () => {
    const root = await made({ main: { file: '' }, link: symlink('main') });
    renameSync(
      join(root, 'main'),
      Buffer.concat([Buffer.from(`${root}/r`), Buffer.from('\xe9\npo', 'latin1')]),
    );
    // A current directory is text for Node, so it is reached by a link.
    execFileSync('sh', ['-c', 'ln -sfn "$(printf "r\\351\\npo")" link'], { cwd: root });
    const link = join(root, 'link');
    const run = (...words: string[]) =>
      execFileSync('git', ['-c', 'user.name=n', '-c', 'user.email=e', ...words], {
        cwd: link,
        env: environment,
        stdio: 'pipe',
      });
    run('init', '--quiet');
    run('add', '.');
    run('commit', '--quiet', '-m', 'first');
    run('worktree', 'add', '--quiet', join(root, 'tree'));
    writeFileSync(join(link, '.git/info/exclude'), 'x\n');
    writeFileSync(join(root, 'tree/x'), '');
    expect(readFileSync(join(root, 'tree/.git')).includes(0xe9)).toBe(true);
    expect(byGit(join(root, 'tree'))).toEqual(['file']);
    expect(await byUs(join(root, 'tree'))).toEqual({ files: ['file'], problems: [] });
  });
});

describe.skipIf(noGit)('loadGitIgnoreRules(), where a repository is in another', () => {
  it('keeps to the rules of each, as git does from within it', async () => {
    const outer = { ...repository, 'info/exclude': 'x\n' };
    const inner = { ...repository, 'info/exclude': 'y\n' };
    const level = { a: '', b: '', x: '', y: '' };
    const root = await made({
      '.git': outer,
      '.gitignore': 'a\nleft-out/\n',
      ...level,
      'deep/clone': { '.git': inner, '.gitignore': 'b\n', ...level, sub: level },
      'left-out': { '.git': inner, ...level },
      'no-clone': { '.git': { HEAD: repository.HEAD }, ...level },
      'leads-nowhere': { '.git': 'gitdir: nowhere\n', ...level },
    });
    const inClone = byGit(join(root, 'deep/clone'))?.map((path) => `deep/clone/${path}`) ?? [];
    const outside = byGit(root)?.filter((path) => path !== 'deep/clone/') ?? [];
    expect(inClone).toEqual(['.gitignore', 'a', 'sub/a', 'sub/x', 'x'].map((path) => `deep/clone/${path}`));
    expect(await byUs(root)).toEqual({ files: [...outside, ...inClone].sort(), problems: [] });
    for (const part of ['deep/clone', 'deep/clone/sub', 'no-clone']) {
      expect(await byUs(join(root, part))).toEqual({ files: byGit(join(root, part)), problems: [] });
    }
  });

  it('finds no working tree around a repository that is none itself', async () => {
    const root = await made({ '.git': whole, 'bare.git': { ...whole, x: '', 'sub/x': '' } });
    for (const directory of ['bare.git', 'bare.git/sub', '.git/info']) {
      expect(byGit(join(root, directory))).toBeUndefined();
      const { files: all, problems } = await byUs(join(root, directory));
      expect(problems).toEqual([]);
      expect(all).toContain(directory === '.git/info' ? 'exclude' : 'x');
    }
  });
});

describe.skipIf(process.platform === 'win32')(
  'loadGitIgnoreRules(), where git would wait or read without end',
  () => {
    const specials: readonly (readonly [string, TreeNode])[] = [
      ['a FIFO', fifo()],
      ['a socket', socket()],
      ['a directory', {}],
      ['a link to a device without end', symlink('/dev/zero')],
      ['a link to a FIFO', symlink('../pipe')],
      ['a link to nowhere', symlink('nowhere')],
      ['too large', 'x'.repeat((1 << 20) + 1)],
    ];
    const places = [
      '.git',
      '.git/HEAD',
      '.git/commondir',
      '.git/info/exclude',
      '.gitignore',
      'file/commondir',
      'file',
    ];

    it.each(specials.flatMap(([name, node]) => places.map((place) => [place, name, node] as const)))(
      'comes to an end where %s is %s',
      async (place, _, node) => {
        const spec: Record<string, TreeNode> = { pipe: fifo(), 'sub/b': '', file: whole };
        if (place.startsWith('file')) spec['.git'] = 'gitdir: file\n';
        else if (place.startsWith('.git/')) spec['.git'] = whole;
        if (place === 'file' || place === '.git') spec[place] = node;
        const root = await made(spec);
        if (place !== 'file' && place !== '.git') {
          await removeTree(join(root, place));
          await makeTree({ [place]: node }, root);
        }
        for (const directory of [root, join(root, 'sub')]) {
          const { files: all } = await byUs(directory);
          expect(all).toContain(directory === root ? 'sub/b' : 'b');
        }
      },
    );

    it('names what must be read and is no regular file', async () => {
      const root = await made({ '.git': { ...whole, commondir: fifo() }, 'sub/x': '' });
      const file = JSON.stringify(join(root, '.git/commondir'));
      expect(await byUs(join(root, 'sub'))).toEqual({
        files: ['x'],
        problems: [` ENOTREG ${file}: it is a FIFO, not a regular file`],
      });
    });
  },
);

describe.skipIf(!ordinaryUser())('loadGitIgnoreRules(), for a user whom permissions bind', () => {
  it.each([
    ['.git', 0o000],
    ['.git', 0o600],
    ['.git/HEAD', 0o000],
    ['.git/objects', 0o000],
    ['.git/info', 0o000],
    ['.git/info/exclude', 0o000],
    ['.gitignore', 0o000],
    ['leads/.git', 0o000],
  ])('names a %s with mode %i above the root as a problem', async (path, mode) => {
    const root = await made({
      '.git': whole,
      '.gitignore': 'a\n',
      'sub/b': '',
      leads: { '.git': 'gitdir: ../.git\n', 'sub/b': '' },
    });
    await giveToOrdinaryUser(root);
    chmodSync(join(root, path), mode);
    onTestFinished(() => {
      chmodSync(join(root, path), 0o700);
    });
    const directory = join(root, path.startsWith('leads') ? 'leads/sub' : 'sub');
    const rules = JSON.stringify(built('@muse/walker/ignore'));
    const answer = await asOrdinaryUser(`
      const { loadGitIgnoreRules } = await import(${rules});
      const ignore = await loadGitIgnoreRules(${JSON.stringify(directory)});
      const { files, problems } = await walk(${JSON.stringify(directory)}, { threads: 1, ignore });
      answer({ files: files.map(({ path }) => path), problems });`);
    expect(answer).toMatchObject({
      files: ['b'],
      problems: [{ path: '', kind: 'unreadable', code: 'EACCES' }],
    });
    const [{ message }] = (answer as { problems: [{ message: string }] }).problems;
    expect(message).toContain(JSON.stringify(root).slice(0, -1));
  });
});
