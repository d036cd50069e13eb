import { chmod, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fifo, giveToOrdinaryUser, makeTree, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { muse, noOrdinaryUser, onTerminal, noTerminal, shell } from './muse.js';
import { edit, museTree, save, spec } from './saved-trees.js';

/** The part of a page's data that is looked at here. */
interface Data {
  readonly title?: string;
  readonly before: Record<string, unknown>;
  readonly after: Record<string, unknown>;
  readonly tree: { readonly names: string; readonly kinds: string; readonly sizes?: (number | null)[] };
  readonly problems: readonly object[];
}

/** Returns the data in a page; throws unless the page is whole. */
function dataIn(html: string | Buffer): Data {
  const [, data = ''] =
    /^<!doctype html>\n[^]*<script type="application\/json" id="report">(.*)<\/script>\n[^]*<\/html>\n$/.exec(
      html.toString(),
    ) ?? [];
  return JSON.parse(data) as Data;
}

describe('--html', () => {
  it('writes what changed as a page, and exits as without', async () => {
    await using tree = await museTree(spec);
    await using elsewhere = tempDir();
    const page = join(elsewhere.path, 'page.html');
    const id = await save(tree, 'green');
    await edit(tree);
    const run = await muse(['status', '--html', page], { cwd: tree.path });
    expect(run).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect(run.stderr).toMatch(
      /^1 added, 1 modified, 1 deleted, 1 renamed · since \S+ \(sha256:[0-9a-f]{12}\) · .*\n$/,
    );
    const data = dataIn(await readFile(page));
    expect(data).toMatchObject({
      before: { name: 'latest', id, files: 4, complete: true, note: 'green' },
      after: { name: '.', files: 4, bytes: 11, complete: true, leftOut: { reserved: 1, symlink: 0 } },
      tree: { names: '/a/d/e/here/gone/new', kinds: '20431', sizes: [2, 1, 5, null, 3], from: ['moved'] },
      problems: [],
    });
    expect(tree.path.endsWith(`/${data.title ?? ''}`)).toBe(true);
    expect(data.before).not.toHaveProperty('leftOut');
    expect((await muse(['status', '--html', page, '--exit-code'], { cwd: tree.path })).code).toBe(1);
    expect(
      (await muse(['diff', 'latest', 'latest', '--html', page, '--exit-code'], { cwd: tree.path })).code,
    ).toBe(0);
    expect(dataIn(await readFile(page)).tree).toEqual({
      names: '/a/d/e/gone/moved',
      children: [4, 0, 1, 0, 0, 0],
      kinds: '0000',
      from: [],
    });
  });

  it('has of both sides what is selected, and the sizes of both directories', async () => {
    await using two = tempDir();
    await makeTree({ a: { 'x/1': 'old', y: 'y' }, b: { 'x/1': 'newer', 'x/2': '', z: 'z' } }, two.path);
    const run = await muse(['diff', 'a', 'b', '--html', '-', '-q', '--', 'x'], { cwd: two.path });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(dataIn(run.stdout)).toMatchObject({
      title: 'b',
      before: { name: 'a', files: 1, bytes: 3 },
      after: { name: 'b', files: 2, bytes: 5 },
      tree: { names: '/x/1/2', kinds: '21', sizes: [5, 0] },
    });
  });

  it.skipIf(noOrdinaryUser)('names what could not be read, and exits with 3', async () => {
    await using two = tempDir();
    await makeTree({ a: { 'x/1': 'x', y: 'y' }, b: { 'x/1': 'x', y: 'y' } }, two.path);
    await giveToOrdinaryUser(two.path);
    await chmod(join(two.path, 'b/x'), 0);
    const run = await muse(['diff', 'a', 'b', '--html', '-'], { cwd: two.path, ordinary: true });
    await chmod(join(two.path, 'b/x'), 0o755);
    expect(run.code).toBe(3);
    const { tree, problems, after } = dataIn(run.stdout);
    expect(tree).toMatchObject({ names: '/x/1/y', kinds: '50' });
    expect(problems).toEqual([
      {
        side: 'after',
        path: 'x',
        kind: 'unreadable',
        message: expect.stringContaining('(EACCES)') as string,
      },
    ]);
    expect(after['complete']).toBe(false);
  });

  it('replaces a link, writes to what is no file, and leaves nothing where it fails', async () => {
    await using two = tempDir();
    await makeTree({ a: { x: 'x' }, b: { x: 'y' }, precious: 'precious', pipe: fifo() }, two.path);
    const diff = (file: string) => muse(['diff', 'a', 'b', '-q', '--html', file], { cwd: two.path });
    await symlink('precious', join(two.path, 'link'));
    expect((await diff('link')).code).toBe(0);
    await expect(readlink(join(two.path, 'link'))).rejects.toThrow('EINVAL');
    expect(await readFile(join(two.path, 'precious'), 'utf8')).toBe('precious');
    expect(dataIn(await readFile(join(two.path, 'link'))).title).toBe('b');
    const piped = await shell('cat pipe & muse diff a b -q --html pipe; wait', { cwd: two.path });
    expect(dataIn(piped.stdout).title).toBe('b');
    expect((await stat(join(two.path, 'pipe'))).isFIFO()).toBe(true);
    expect(dataIn((await diff('/dev/stdout')).stdout).title).toBe('b');
    await mkdir(join(two.path, 'directory'));
    const refused = await diff('directory');
    expect(refused).toMatchObject({
      code: 4,
      stderr: 'muse: cannot write directory: it is a directory; name a file\n',
    });
    expect((await diff('nowhere/page.html')).stderr).toMatch(
      /^muse: cannot write nowhere\/page.html: no such file/,
    );
  });

  it('tells where the page is in a tree that was looked at', async () => {
    await using tree = await museTree(spec);
    await save(tree);
    const run = (file: string) => muse(['status', '--html', file], { cwd: tree.path });
    expect((await run('page.html')).stderr).toContain(
      'muse: hint: page.html is inside the tree, so the next snapshot',
    );
    expect((await run('.muse/page.html')).stderr).not.toContain('hint');
    const saved = await muse(['diff', 'latest', 'latest', '--html', 'page.html'], { cwd: tree.path });
    expect(saved.stderr).not.toContain('hint');
  });

  it.each(['--json', '--format=json', '--name-only', '-z'])('does not go with %s', async (option) => {
    const run = await muse(['diff', 'a', 'b', '--html', 'page.html', option]);
    expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
    expect(run.stderr).toContain('--html');
  });

  it.skipIf(noTerminal)('has no name raw on a terminal', async () => {
    await using two = tempDir();
    await makeTree({ a: {}, b: { 'evil\u001b[2J\u202e': 'x' } }, two.path);
    const { stdout } = await onTerminal('muse diff a b --html -', { cwd: two.path });
    expect(stdout.toString()).toContain(String.raw`evil\u001b[2J\u202e`);
    expect(stdout.toString()).not.toContain('\u202e');
    expect(stdout.toString()).not.toContain('\u001b[2J');
  });

  it('writes names that are not UTF-8 as every manifest does', async () => {
    await using two = tempDir();
    await makeTree({ a: {}, b: {} }, two.path);
    await writeFile(Buffer.concat([Buffer.from(join(two.path, 'b/')), Buffer.from([0xff, 0x3c])]), 'x');
    const { stdout } = await muse(['diff', 'a', 'b', '--html', '-'], { cwd: two.path });
    expect(stdout.toString()).toContain(String.raw`"names":"/\udcff\u003c"`);
    expect(dataIn(stdout).tree.names).toBe('/\udcff<');
  });
});
