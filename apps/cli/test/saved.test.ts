import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTree, oracle, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse, shell, type Run } from './muse.js';
import { edit, editLines, museTree, save, savedFiles, spec } from './saved-trees.js';

describe('muse snapshot --save', () => {
  it('prints the id as ever, and keeps the snapshot', async () => {
    await using tree = await museTree(spec);
    const { id } = await oracle(tree.path);
    const run = await muse(['snapshot', '--save', '-m', 'first'], { cwd: tree.path });
    expect(run).toMatchObject({ code: 0, stdout: Buffer.from(`${id}\n`) });
    const [file = ''] = await savedFiles(tree);
    expect(run.stderr).toContain(`\nsaved as ${id.slice(0, 19)} in ${file}\n`);
    expect((await muse(['snapshot', '-q'], { cwd: tree.path })).stdout.toString()).toBe(`${id}\n`);
  });

  it('saves nothing without a .muse, and says what to do', async () => {
    await using tree = tempDir();
    const run = await muse(['snapshot', '--save', tree.path]);
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: cannot save a snapshot of .*: there is no \.muse .*; run 'muse init'/),
    ]);
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
  });

  it('follows no link, and gives no answer where it cannot be kept', async () => {
    await using elsewhere = tempDir();
    await using tree = await museTree(spec);
    await symlink(elsewhere.path, join(tree.path, '.muse/snapshots'));
    const run = await muse(['snapshot', '-q', '--save'], { cwd: tree.path });
    expect(run.stderr).toMatch(
      /^muse: cannot save a snapshot of \.: .*snapshots" is a symbolic link; move it away/,
    );
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(await readdir(elsewhere.path)).toEqual([]);
    expect((await muse(['log'], { cwd: tree.path })).code).toBe(4);
  });

  it('leaves no half of a snapshot on a full disk', async () => {
    await using tree = await museTree(
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`file ${i}`, 'x'])),
    );
    const run = await shell('ulimit -f 8; muse snapshot -q --no-cache --save', { cwd: tree.path });
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: cannot save a snapshot of \.: file too large \(EFBIG\); /),
    ]);
    expect(run.code).toBe(4);
    expect(await savedFiles(tree)).toEqual([]);
  });

  it('loses none of those that are saved at once', async () => {
    await using tree = await museTree(spec);
    const notes = ['1', '2', '3', '4', '5', '6'];
    await Promise.all(notes.map((note) => save(tree, note)));
    const { stdout } = await muse(['log', '--json'], { cwd: tree.path });
    const { snapshots } = JSON.parse(stdout.toString()) as { snapshots: { note: string }[] };
    expect(snapshots.map(({ note }) => note).sort()).toEqual(notes);
  });
});

describe('muse log', () => {
  it('lists the newest first, with the first line of each note', async () => {
    await using tree = await museTree(spec);
    const first = await save(tree, 'one\nmore');
    await edit(tree);
    const second = await save(tree);
    const run = await muse(['log', tree.path]);
    expect(lines(run.stdout)).toEqual([
      expect.stringMatching(new RegExp(`^${second}  \\S+Z  4 files  11 B  latest$`)),
      expect.stringMatching(new RegExp(`^${first}  \\S+Z  4 files  11 B  one$`)),
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  it('says so where there is none', async () => {
    await using tree = await museTree({});
    const run = await muse(['log'], { cwd: tree.path });
    expect(run).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect(run.stderr).toMatch(/^muse: hint: no snapshot is saved here/);
    await using bare = tempDir();
    expect(await muse(['log'], { cwd: bare.path })).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
  });

  it('lists no more than -n of them, and looks at no older file', async () => {
    await using tree = await museTree(spec);
    for (const note of ['1', '2', '3']) await save(tree, note);
    const [oldest = '', middle = ''] = await savedFiles(tree);
    await truncate(oldest, 200);
    const log = async (n: string) => {
      const run = await muse(['log', '-n', n], { cwd: tree.path });
      return [run.code, ...lines(run.stdout).map((line) => line.at(-1))];
    };
    expect(await log('1')).toEqual([0, '3']);
    expect(await log('2')).toEqual([0, '3', '2']);
    expect(await log('9')).toEqual([3, '3', '2']);
    await truncate(middle, 200);
    expect(await log('1')).toEqual([0, '3']);
    expect(await log('2')).toEqual([3, '3']);
  });

  it('names a damaged one, and lists the others', async () => {
    await using tree = await museTree(spec);
    await save(tree, 'first');
    await edit(tree);
    const second = await save(tree, 'second');
    const [oldest = ''] = await savedFiles(tree);
    await writeFile(oldest, (await readFile(oldest)).subarray(0, 200));
    const run = await muse(['log'], { cwd: tree.path });
    expect(lines(run.stdout)).toEqual([expect.stringContaining(second)]);
    expect(run.stderr).toContain(oldest);
    expect(run.code).toBe(3);
    const { stdout } = await muse(['log', '--json'], { cwd: tree.path });
    expect(JSON.parse(stdout.toString())).toMatchObject({
      version: 1,
      snapshots: [{ snapshot_id: second, note: 'second', subtree: '', complete: true, files: 4, bytes: 11 }],
      damaged: [{ file: oldest }],
    });
  });
});

describe('a directory that is not there', () => {
  it.each([['snapshot', '--save'], ['status'], ['log']])(
    'is named as that by muse %s %s',
    async (...args) => {
      await using tree = await museTree(spec);
      const run = await muse([...args, 'none'], { cwd: tree.path });
      expect(lines(run.stderr)).toEqual([
        expect.stringMatching(
          /^muse: cannot .* none: no such file or directory \(ENOENT\); check the spelling$/,
        ),
      ]);
      expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    },
  );
});

describe('muse show', () => {
  it('shows what is known of one, and its files', async () => {
    await using tree = await museTree({ b: 'b', a: 'a' });
    const id = await save(tree, 'two\nlines');
    const { manifest } = await oracle(tree.path);
    const run = await muse(['show', id.slice(0, 20)], { cwd: tree.path });
    expect(lines(run.stdout)).toEqual([
      `snapshot  ${id}`,
      expect.stringMatching(/^saved {5}\d{4}-/),
      'files     2',
      'size      2 B',
      'complete  yes',
      'note      two',
      'note      lines',
      '',
      ...[...manifest].map(([path, objectId]) => `${objectId}  ${path}`),
    ]);
    const names = await muse(['show', '--name-only', '-z', 'latest'], { cwd: tree.path });
    expect(names.stdout.toString()).toBe('a\0b\0');
  });

  it('prints a manifest with --json', async () => {
    await using tree = await museTree(spec);
    const id = await save(tree, 'note');
    await edit(tree);
    const run = await shell('muse show latest --json > .muse/m.json && muse diff -q .muse/m.json', {
      cwd: tree.path,
    });
    expect(lines(run.stdout)).toEqual(editLines);
    const document = JSON.parse(await readFile(join(tree.path, '.muse/m.json'), 'utf8')) as object;
    expect(document).toMatchObject({ version: 1, snapshot_id: id, note: 'note', complete: true, files: 4 });
  });
});

describe('a tree that Muse keeps things in', () => {
  it('works without a word about what is not ours', async () => {
    const id = 'c'.repeat(64);
    await using tree = await museTree({
      a: 'a',
      '.muse': {
        HEAD: 'refs/heads/main\n',
        'config.toml': '[user]\nname = "x"\n',
        'repo.json': '{"repo_id":"1","schema_version":"1","domain":"code"}',
        refs: { heads: { main: id } },
        objects: { cc: { c: 'a' } },
        commits: { [`${id}.json`]: '{}' },
        snapshots: {
          [`${id}.json`]: `{"snapshot_id":"${id}","manifest":{"a":"${id}"},"created_at":"2026-01-01T00:00:00Z"}`,
          [`99991231T235959.999Z-${id}-00000000.json`]: '',
          note: 'mine',
        },
      },
    });
    const first = await save(tree);
    await edit({ ...tree, path: await makeTree(spec, join(tree.path, 'sub')) });
    const second = await save(tree);
    for (const args of [
      ['log'],
      ['status', '--exit-code'],
      ['show', 'latest'],
      ['diff', 'latest~1', 'latest'],
      ['verify', '--against', 'latest'],
    ]) {
      const run = await muse(['-q', ...args], { cwd: tree.path });
      expect(run, args.join(' ')).toMatchObject({ code: 0, stderr: '' });
    }
    const log = await muse(['log'], { cwd: tree.path });
    expect(lines(log.stdout).map((line) => line.slice(0, 71))).toEqual([second, first]);
  });
});

describe('what is named in the place of a manifest', () => {
  it('may be a pipe', async () => {
    await using tree = await museTree({ a: 'a' });
    const run = await shell(
      'mkfifo .muse/p; muse snapshot -q --json > .muse/p & muse diff -q --exit-code .muse/p',
      { cwd: tree.path },
    );
    expect(run).toMatchObject({ code: 0, stdout: Buffer.alloc(0), stderr: '' });
  });

  it.each([
    ['/dev/zero', /it has more than the \d+ bytes allowed/],
    ['large', /it has more than the \d+ bytes allowed/],
    ['deep', /has more than 100 levels/],
    ['twice', /the key "manifest" is there for the second time/],
  ])('is refused where it is %s', async (name, reason) => {
    await using tree = await museTree({
      deep: '['.repeat(200_000),
      twice: '{"manifest":{},"manifest":{}}',
      large: '{',
    });
    await truncate(join(tree.path, 'large'), 700_000_000);
    for (const args of [
      ['show', name],
      ['diff', name],
      ['verify', '--against', name],
    ]) {
      const run = await muse(args, { cwd: tree.path });
      expect(lines(run.stderr)).toEqual([expect.stringMatching(reason)]);
      expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    }
  });

  it('is no directory for verify, and no file for log', async () => {
    await using tree = await museTree({ a: 'a', d: {} });
    expect((await muse(['verify', '--against', 'd'], { cwd: tree.path })).code).toBe(2);
    const run = await muse(['log', 'a'], { cwd: tree.path });
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(run.stderr).toContain('not a directory');
  });
});

describe('muse verify --against', () => {
  it('tells changed, missing, moved and new files', async () => {
    await using tree = await museTree(spec);
    await save(tree);
    await muse(['snapshot', '-q', '-o', '.muse/m.json'], { cwd: tree.path });
    const clean = await muse(['verify', '--against', 'latest', '--strict'], { cwd: tree.path });
    expect(clean).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    await writeFile(join(tree.path, 'new'), 'new');
    const added = await muse(['verify', '--against', 'latest'], { cwd: tree.path });
    expect(added).toMatchObject({ code: 0, stdout: Buffer.from('new       new\n') });
    expect((await muse(['verify', '--against', 'latest', '--strict'], { cwd: tree.path })).code).toBe(1);
    await edit(tree);
    for (const against of ['latest', '.muse/m.json']) {
      const run = await muse(['verify', '--against', against], { cwd: tree.path });
      expect(lines(run.stdout)).toEqual([
        'changed   a',
        'missing   gone',
        'moved     moved -> d/here',
        'new       new',
      ]);
      expect(run.code).toBe(1);
    }
    const part = await muse(['verify', '--against', 'latest', 'd'], { cwd: tree.path });
    expect(lines(part.stdout)).toEqual(['new       here']);
    expect(part.code).toBe(0);
    expect((await muse(['verify', '--against', 'latest~9'], { cwd: tree.path })).code).toBe(4);
    await mkdir(join(tree.path, 'later'));
    const nothing = await muse(['verify', '--against', 'latest', 'later'], { cwd: tree.path });
    expect(nothing).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(nothing.stderr).toContain('cannot verify later: latest has no file there to compare with\n');
  });

  it('compares with a directory beside the one that was saved, as diff does', async () => {
    await using root = tempDir();
    await makeTree({ '.muse': {}, one: { a: 'a' }, 'two/deeper': { a: 'a', b: 'b' } }, root.path);
    const run = (...args: string[]): Promise<Run> => muse(args, { cwd: root.path });
    const id = (await run('snapshot', '--save', '-q', 'one')).stdout.toString().trim();
    expect(await run('verify', '--against', id, 'two/deeper')).toMatchObject({ code: 0 });
    const found = await run('verify', '--strict', '--against', id, 'two/deeper');
    expect(found.stdout.toString()).toBe('new       b\n');
    expect((await run('diff', id, 'two/deeper')).stdout.toString()).toBe('added     b\n');
  });
});
