import { cpSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeTree, removeTree, symlink } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lines, main, muse, noTerminal, onTerminal, shell } from './muse.js';

async function tree(spec: Parameters<typeof makeTree>[0]): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

describe('in a tree that somebody else made,', () => {
  it('nothing is said of the bytes that a link leads to', async () => {
    const secret = 'hunter2 [x';
    const files = { 'repo.json': secret, 'snapshot.toml': secret, cache: { 'stat.json': secret } };
    const name = `20260101T000000.000Z-${'c'.repeat(64)}-00000000.json`;
    const root = await tree({
      secret,
      place: { ...files, snapshots: { [name]: secret } },
      'by-directory': { '.muse': symlink('../place'), a: 'a' },
      'by-file': {
        a: 'a',
        '.muse': {
          'repo.json': symlink('../../secret'),
          cache: { 'stat.json': symlink('../../../secret') },
          snapshots: { [name]: symlink('../../../secret') },
        },
      },
      'by-rules': { a: 'a', '.museignore': symlink('../secret'), '.gitignore': symlink('../secret') },
    });
    const commands = [
      'snapshot --gitignore',
      'status',
      'log',
      'show latest',
      'diff latest',
      'verify',
      'explain a',
    ];
    for (const directory of ['by-directory', 'by-file', 'by-rules']) {
      for (const command of [...commands, 'cache info', 'init']) {
        const run = await muse([...command.split(' '), '--debug'], { cwd: join(root, directory) });
        expect([directory, command, `${run.stdout.toString()}${run.stderr}`.includes('hunter')]).toEqual([
          directory,
          command,
          false,
        ]);
      }
    }
  });

  it('no module is loaded from a directory that NODE_PATH names relative to it', async () => {
    const files = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`f${index}`, '']));
    const root = await tree({
      installed: {},
      work: {
        d: files,
        'lib/@muse/native': {
          'index.js': `require('fs').writeFileSync(${JSON.stringify('loaded')}, '')`,
        },
      },
    });
    // Where no engine is beside it.
    cpSync(dirname(main), join(root, 'installed/dist'), { recursive: true });
    cpSync(join(dirname(main), '../package.json'), join(root, 'installed/package.json'));
    const run = await shell(`'${process.execPath}' ../installed/dist/main.js snapshot -q --no-cache d`, {
      cwd: join(root, 'work'),
      env: { NODE_PATH: 'lib' },
    });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(root, 'work/loaded'))).toBe(false);
  });

  it('an advice names it so that a shell takes it for a name', async () => {
    const root = await tree({ 'x;touch pasted': { '.muse': {}, a: 'a' } });
    const run = await muse(['status', 'x;touch pasted'], { cwd: root });
    expect(run.stderr).toMatch(/; first run: muse snapshot --save 'x;touch pasted'\n$/);
    const [, advice = ''] = /first run: (.*)\n$/.exec(run.stderr) ?? [];
    expect((await shell(advice, { cwd: root })).code).toBe(0);
    expect(existsSync(join(root, 'pasted'))).toBe(false);
  });

  it.skipIf(noTerminal)('no name looks like another on a terminal', async () => {
    const names = ['a', 'a\u200b', 'a\u00ad', 'a\u3164', 'a\u{e0041}', 'a\ufe0f', 'a\u2060', 'a\u2028'];
    const root = await tree(Object.fromEntries(names.map((name) => [name, name])));
    for (const form of ['sha256sum', 'ndjson']) {
      const run = await onTerminal(`muse snapshot -q --format ${form} .`, { cwd: root });
      const shown = lines(run.stdout.toString().replaceAll('\r\n', '\n'));
      expect(new Set(shown.map((line) => line.replace(/[^ -~]/g, ''))).size).toBe(shown.length);
      expect(run.stdout.toString()).not.toMatch(/\p{Cf}|\p{Default_Ignorable_Code_Point}|\u2028/u);
      expect(run.stdout.toString()).toMatch(form === 'ndjson' ? /"a\\udb40\\udc41"/ : /a\\u\{e0041\}/);
    }
  });
});
