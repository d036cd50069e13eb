import { lstat, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fifo, makeTree, removeTree, symlink as symlinkTo } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lines, muse, noTerminal, onTerminal, shell } from './muse.js';

async function tree(spec: Parameters<typeof makeTree>[0]): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

const hint =
  /^muse: hint: .* is inside the tree, so the next snapshot will hold it unless a rule leaves it out$/m;

describe('muse snapshot -o', () => {
  it('replaces a link that waits in the tree, and leaves alone what it leads to', async () => {
    const root = await tree({ home: { '.bashrc': 'mine' }, work: { '$(touch X)': 'x' } });
    await symlink('../home/.bashrc', join(root, 'work/manifest.json'));
    const run = await muse(['snapshot', '-o', 'manifest.json', '.'], { cwd: join(root, 'work') });
    expect(run).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect(await readFile(join(root, 'home/.bashrc'), 'utf8')).toBe('mine');
    expect((await lstat(join(root, 'work/manifest.json'))).isFile()).toBe(true);
    expect(await readFile(join(root, 'work/manifest.json'), 'utf8')).toContain('$(touch X)');
  });

  it('says so where the file is in the tree, by whatever name', async () => {
    const root = await tree({ work: { a: 'a', d: {} }, link: symlinkTo('work') });
    for (const [cwd, args] of [
      ['work', ['-o', 'm.json']],
      ['work', ['-o', 'd/m.json', '.']],
      ['.', ['-o', 'link/m.json', 'work']],
      ['work/d', ['-o', '../m.json', '..']],
    ] as const) {
      const run = await muse(['snapshot', ...args], { cwd: join(root, cwd) });
      expect([args, run.stderr]).toEqual([args, expect.stringMatching(hint)]);
      expect(run.code).toBe(0);
    }
  });

  it('says nothing of it elsewhere', async () => {
    const root = await tree({ work: { a: 'a', '.muse': {} }, working: {} });
    for (const file of ['../m.json', '../working/m.json', '.muse/m.json', '/dev/null']) {
      const run = await muse(['snapshot', '-o', file], { cwd: join(root, 'work') });
      expect(run.stderr).not.toMatch(hint);
      expect(run.code).toBe(0);
    }
    expect((await muse(['diff', '../m.json'], { cwd: join(root, 'work') })).stdout.toString()).toBe('');
  });

  it.runIf(process.platform === 'linux')('writes to a pipe', async () => {
    const root = await tree({ work: { a: 'a' }, pipe: fifo() });
    const run = await shell('cat pipe & muse snapshot -q -o pipe work; echo "exit $?"; wait', { cwd: root });
    expect(lines(run.stdout)).toContain('exit 0');
    expect(run.stdout.toString()).toContain('"snapshot_id"');
  });

  it.runIf(process.platform === 'linux')(
    'writes to each name of stdout and stderr, wherever they lead',
    async () => {
      const root = await tree({ work: { a: 'a' } });
      for (const [name, redirect] of [
        ['/dev/stdout', '>>'],
        ['/dev/fd/1', '>>'],
        ['/proc/self/fd/1', '>>'],
        ['/dev/stderr', '2>>'],
        ['/dev/fd/3', '3>>'],
        ['out', '>>'],
      ]) {
        await writeFile(join(root, 'out'), 'before\n');
        const run = await shell(`muse snapshot -q --format sha256sum -o ${name} work ${redirect} out`, {
          cwd: root,
        });
        expect([name, run.code, run.stderr]).toEqual([name, 0, '']);
        expect(await readFile(join(root, 'out'), 'utf8')).toMatch(/^before\n[0-9a-f]{64} {2}a\n$/);
      }
    },
  );

  it.each([
    ['a directory', (root: string) => root],
    ['a missing directory', (root: string) => join(root, 'missing/m.json')],
    ['a name through a file', (root: string) => join(root, 'work/a/m.json')],
  ])('refuses %s before it takes the snapshot', async (_case, name) => {
    const root = await tree({ work: { a: 'a' } });
    const run = await muse(['snapshot', '-o', name(root), 'work'], { cwd: root });
    expect(lines(run.stderr)).toEqual([expect.stringMatching(/^muse: cannot write /)]);
    expect(run.code).toBe(4);
  });

  it.skipIf(noTerminal)('writes names fit for it to a terminal', async () => {
    const root = await tree({ work: { 'a\x1b[31m': 'a' } });
    for (const form of ['sha256sum', 'ndjson']) {
      const run = await onTerminal(`muse snapshot -q --format ${form} -o /dev/tty work`, { cwd: root });
      expect(run.stdout.toString()).toMatch(/a\\(?:x1b|u001b)\[31m/);
      expect(run.stdout.includes(0x1b)).toBe(false);
    }
  });
});
