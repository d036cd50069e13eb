import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createSnapshot,
  explain,
  openExplainer,
  openSnapshotter,
  subtree,
  verify,
  type TreeOptions,
} from '@muse/snapshot';
import { PatternRules } from '@muse/walker/ignore';
import { makeTree, recordingLogger, removeTree, symlink, type TreeSpec } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

const tree: TreeSpec = {
  '.gitignore': '*.log\n/dist/\n',
  '.museignore': "[global]\npatterns = ['!kept.log', 'notes']\n",
  'ci.toml': "[global]\npatterns = ['/src/gen/', '!notes']\n",
  'a.log': '',
  'kept.log': '',
  notes: '',
  'dist/x.js': '',
  'src/gen/g.c': '',
  'src/a.c': '',
  'src/.gitignore': 'a.*\n!*.log\n',
  'src/b.log': '',
};

const all = ['.gitignore', '.museignore', 'ci.toml', 'kept.log', 'src/.gitignore'];

describe('createSnapshot() with rules of git, of .museignore and of further files', () => {
  it.each([
    ['.museignore alone', {}, ['a.log', 'dist/x.js', 'src/a.c', 'src/b.log', 'src/gen/g.c']],
    ['git', { gitignore: true }, ['src/b.log', 'src/gen/g.c']],
    ['a file', { files: true }, ['a.log', 'dist/x.js', 'notes', 'src/a.c', 'src/b.log']],
    ['all', { gitignore: true, files: true }, ['notes', 'src/b.log']],
    [
      'all, and patterns of the caller',
      { gitignore: true, files: true, exclude: ['notes', '!/dist/'] },
      ['dist/x.js', 'src/b.log'],
    ],
    [
      'no file, and patterns of the caller',
      { gitignore: true, files: true, noIgnore: true, exclude: ['*.log'] },
      ['dist/x.js', 'notes', 'src/a.c', 'src/gen/g.c'],
    ],
    [
      'git and rules of the caller',
      { gitignore: true, own: ['.*', 'ci.toml', '!a.log'] },
      [...['a.log', 'notes', 'src/b.log', 'src/gen/g.c']],
    ],
  ])('%s', async (_, { files, own, ...options }: TreeOptions & { files?: boolean; own?: string[] }, more) => {
    const root = await make(tree);
    const snapshot = await createSnapshot(root, {
      ...options,
      ignoreFiles: files === true ? [join(root, 'ci.toml')] : undefined,
      ignore: own && new PatternRules(own.map((pattern) => ({ pattern }))),
    });
    const base = own ? [] : options.noIgnore === true ? all.filter((path) => path !== 'kept.log') : all;
    expect([...snapshot.manifest.keys()]).toEqual([...base, ...more].sort());
    expect(snapshot.complete).toBe(true);
  });

  it('has the same id as the tree without what is left out', async () => {
    const root = await make({ '.gitignore': '*.o\n', 'd/a.o': 'o', 'd/a.c': 'c' });
    const bare = await make({ '.gitignore': '*.o\n', 'd/a.c': 'c' });
    const { id } = await createSnapshot(root, { gitignore: true });
    expect(id).toBe((await createSnapshot(bare)).id);
  });

  it('reads the rules again for each snapshot', async () => {
    const git = { HEAD: 'ref: refs/heads/main\n', objects: {}, refs: {}, info: {} };
    const root = await make({ '.gitignore': 'a\n', '.git': git, a: '', b: '', c: '' });
    const snapshotter = await openSnapshotter(root, { gitignore: true });
    onTestFinished(() => snapshotter.close());
    const kept = async () => [...(await snapshotter.snapshot()).manifest.keys()];
    expect(await kept()).toEqual(['.gitignore', 'b', 'c']);
    writeFileSync(join(root, '.gitignore'), 'b\n');
    expect(await kept()).toEqual(['.gitignore', 'a', 'c']);
    writeFileSync(join(root, '.git/info/exclude'), 'c\n');
    expect(await kept()).toEqual(['.gitignore', 'a']);
  });

  it.skipIf(process.platform !== 'linux')('names a .gitignore that it cannot read, once', async () => {
    const root = await make({ 'd/.gitignore': '', 'd/x': 'x' });
    truncateSync(join(root, 'd/.gitignore'), 101 * 1024 * 1024);
    const { manifest, problems, complete } = await createSnapshot(root, { gitignore: true });
    expect(problems).toMatchObject([{ path: 'd/.gitignore', operation: 'read', code: 'EFBIG' }]);
    expect([...manifest.keys()]).toEqual(['d/x']);
    expect(complete).toBe(false);
  });

  it('rejects where a file that was named is not there, or broken', async () => {
    const root = await make({ broken: '[' });
    for (const name of ['absent', 'broken']) {
      const options = { ignoreFiles: [join(root, name)] };
      for (const call of [createSnapshot, verify]) {
        await expect(call(root, options)).rejects.toMatchObject({ name: 'IgnoreFileError' });
      }
      await expect(explain(root, '', options)).rejects.toMatchObject({ name: 'IgnoreFileError' });
    }
  });
});

describe('verify() and explain()', () => {
  it('verify reads what a snapshot holds, also of a sample', async () => {
    const root = await make(tree);
    mkdirSync(join(root, '.muse'));
    const options = { gitignore: true, ignoreFiles: [join(root, 'ci.toml')] };
    const { manifest } = await createSnapshot(root, options);
    expect((await verify(root, options)).files).toBe(manifest.size);
    const sample = await verify(root, { ...options, sample: 0.5 });
    expect(sample.files + sample.skipped).toBe(manifest.size);
  });

  it('explain names the rule of each source', async () => {
    const root = await make(tree);
    const named = join(root, 'ci.toml');
    const explainer = await openExplainer(root, { gitignore: true, ignoreFiles: [named] });
    const of = (path: string) => explainer.explain(path);
    const rule = { table: 'global', line: 2, file: named };
    expect(await of('src/gen/g.c')).toEqual({
      outcome: 'ignored',
      at: 'src/gen',
      rule: { ...rule, pattern: '/src/gen/' },
    });
    expect(await of('src/a.c')).toEqual({
      outcome: 'ignored',
      at: 'src/a.c',
      rule: { pattern: 'a.*', line: 1, file: join(root, 'src/.gitignore') },
    });
    expect(await of('dist/x.js')).toEqual({
      outcome: 'ignored',
      at: 'dist',
      rule: { pattern: '/dist/', line: 2, file: join(root, '.gitignore') },
    });
    expect(await of('notes')).toMatchObject({ outcome: 'miss' });
    expect(await of('src/b.log')).toMatchObject({ outcome: 'miss' });
    expect(await explain(root, 'notes', { gitignore: true })).toEqual({
      outcome: 'ignored',
      at: 'notes',
      rule: { pattern: 'notes', table: 'global', line: 2, file: join(root, '.museignore') },
    });
  });

  it('explain agrees with a snapshot about every path', async () => {
    const root = await make(tree);
    const explainer = await openExplainer(root, { gitignore: true });
    const of = (path: string) => explainer.explain(path);
    const { manifest } = await createSnapshot(root, { gitignore: true });
    const { manifest: everything } = await createSnapshot(root, { ignore: false });
    for (const path of everything.keys()) {
      expect((await of(path)).outcome === 'ignored', path).toBe(!manifest.has(path));
    }
  });

  it('explain tells the logger of a .gitignore from which nothing is taken', async () => {
    const root = await make({ 'd/.gitignore': symlink('../rules'), 'd/x': '', rules: '*\n' });
    const logger = recordingLogger();
    expect(await explain(root, 'd/x', { gitignore: true, logger })).toMatchObject({ outcome: 'miss' });
    expect(logger.messages.warn.join('\n')).toContain('d/.gitignore');
  });
});

describe('a subtree under rules of git', () => {
  it('is what the whole has there, with the .gitignore files above it', async () => {
    const root = await make({
      ...tree,
      'src/sub/a.o': '',
      'src/sub/c.x': '',
      'src/sub/.gitignore': '!a.o\n',
    });
    const whole = await createSnapshot(root, { gitignore: true });
    for (const path of ['src', 'src/sub', 'src/gen']) {
      const part = await createSnapshot(root, { gitignore: true, subtree: path });
      expect([...part.manifest], path).toEqual([...subtree(whole.manifest, path)]);
    }
    const leftOut = createSnapshot(root, { gitignore: true, subtree: 'dist' });
    await expect(leftOut).rejects.toMatchObject({ code: 'ELEFTOUT', at: 'dist' });
  });

  it('is incomplete where a .gitignore above it cannot be read', async () => {
    const root = await make({ '.gitignore': '', 'src/a': '' });
    truncateSync(join(root, '.gitignore'), 1024 ** 3);
    const { manifest, problems } = await createSnapshot(root, { gitignore: true, subtree: 'src' });
    expect([...manifest.keys()]).toEqual(['a']);
    const message = expect.stringContaining(`${root}/.gitignore": it has more than`) as string;
    expect(problems).toMatchObject([{ path: '', code: 'EFBIG', message }]);
  });

  it('has the rules of its own repository, wherever .muse is', async () => {
    const git = { HEAD: 'ref: refs/heads/main\n', objects: {}, refs: {}, info: { exclude: 'x\n' } };
    const root = await make({
      '.muse': {},
      '.gitignore': 'a\n',
      clone: { '.git': git, '.gitignore': 'b\n', a: '', b: '', x: '', 'src/a': '', 'src/b': '', 'src/x': '' },
    });
    const kept = async (subtree: string) => {
      return [...(await createSnapshot(root, { gitignore: true, subtree })).manifest.keys()];
    };
    expect(await kept('clone/src')).toEqual(['a']);
    expect(await kept('clone')).toEqual(['.gitignore', 'a', 'src/a']);
    expect(await kept('')).toEqual(['.gitignore', 'clone/.gitignore', 'clone/a', 'clone/src/a']);
  });
});
