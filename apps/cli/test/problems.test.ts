import { access, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { giveToOrdinaryUser, makeTree, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse, noOrdinaryUser, type Run } from './muse.js';

/** Runs as somebody whom permissions bind. */
function asOrdinaryUser(...args: string[]): Promise<Run> {
  return muse(args, { ordinary: true, cwd: '/' });
}

describe('muse snapshot of a root that is no directory', () => {
  it.each([
    ['missing', 'missing', 'no such file or directory (ENOENT)'],
    ['a file', 'file', 'not a directory (ENOTDIR)'],
    ['below a file', 'file/x', 'not a directory (ENOTDIR)'],
  ])('fails in one line when it is %s', async (_case, name, reason) => {
    await using directory = tempDir();
    await writeFile(join(directory.path, 'file'), 'x');
    const run = await muse(['snapshot', name], { cwd: directory.path });
    expect(lines(run.stderr)).toHaveLength(1);
    expect(run.stderr).toContain(`muse: cannot take a snapshot of ${name}: ${reason}; `);
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
  });

  it('names it without its control characters', async () => {
    const run = await muse(['snapshot', '/no\x1b[31m\nwhere']);
    expect(run.stderr).toContain('/no\\x1b[31m\\x0awhere');
    expect(lines(run.stderr)).toHaveLength(1);
  });
});

describe.skipIf(noOrdinaryUser)('muse snapshot of what may not be read', () => {
  it('fails in one line when it is the root', async () => {
    await using directory = tempDir();
    await giveToOrdinaryUser(directory.path);
    for (const mode of [0o000, 0o300]) {
      await chmod(directory.path, mode);
      const run = await asOrdinaryUser('snapshot', directory.path);
      expect(lines(run.stderr)).toEqual([
        expect.stringMatching(/^muse: cannot .*: permission denied \(EACCES\); /),
      ]);
      expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    }
    await chmod(directory.path, 0o755);
  });

  it('names each file and directory, and exits with 3', async () => {
    await using directory = tempDir();
    await makeTree({ ok: 'ok', secret: 's', closed: { inside: 'x' } }, directory.path);
    await giveToOrdinaryUser(directory.path);
    await chmod(join(directory.path, 'secret'), 0);
    await chmod(join(directory.path, 'closed'), 0);
    const run = await asOrdinaryUser('snapshot', '--json', directory.path);
    expect(lines(run.stderr).slice(0, 2)).toEqual([
      expect.stringMatching(/^muse: closed: .*permission denied \(EACCES\)/),
      expect.stringMatching(/^muse: secret: .*permission denied \(EACCES\)/),
    ]);
    expect(run.stderr).toMatch(/^1 file · 2 B · /m);
    expect(run.stderr).toMatch(/^muse: hint: the answer lacks 2 files or directories: /m);
    expect(run.stderr).not.toContain('may hold');
    expect(run.code).toBe(3);
    const document = JSON.parse(run.stdout.toString()) as Record<string, unknown>;
    expect(document).toMatchObject({ complete: false, files: 1 });
    expect(document['problems']).toMatchObject([
      { path: 'closed', kind: 'unreadable', code: 'EACCES' },
      { path: 'secret', kind: 'unreadable', code: 'EACCES' },
    ]);
    await chmod(join(directory.path, 'closed'), 0o755);
  });

  it('prints the problems, and nothing else, with --quiet', async () => {
    await using directory = tempDir();
    await makeTree({ ok: 'ok', secret: 's' }, directory.path);
    await giveToOrdinaryUser(directory.path);
    await chmod(join(directory.path, 'secret'), 0);
    const run = await asOrdinaryUser('snapshot', '-q', directory.path);
    expect(lines(run.stderr)).toEqual([expect.stringMatching(/^muse: secret: /)]);
    expect(lines(run.stdout)).toEqual([expect.stringMatching(/^sha256:/)]);
    expect(run.code).toBe(3);
  });

  it('names fifty, and counts the others', async () => {
    await using directory = tempDir();
    const names = Array.from({ length: 60 }, (_, index) => `f${index}`);
    await makeTree(Object.fromEntries(names.map((name) => [name, name])), directory.path);
    await giveToOrdinaryUser(directory.path);
    for (const name of names) await chmod(join(directory.path, name), 0);
    const run = await asOrdinaryUser('snapshot', '-q', directory.path);
    expect(lines(run.stderr)).toHaveLength(51);
    expect(run.stderr).toMatch(/^muse: and 10 more problems; --json lists them all$/m);
    expect(run.code).toBe(3);
  });

  it('shows names without their control characters', async () => {
    await using directory = tempDir();
    const name = 'x\x1b[31m\ny';
    await makeTree({ [name]: 's' }, directory.path);
    await giveToOrdinaryUser(directory.path);
    await chmod(join(directory.path, name), 0);
    const run = await asOrdinaryUser('snapshot', '-q', directory.path);
    expect(lines(run.stderr)).toEqual([expect.stringMatching(/^muse: x\\x1b\[31m\\x0ay: /)]);
  });

  it('leaves the output file as it was when it may not be written', async () => {
    await using directory = tempDir();
    await makeTree({ tree: { a: 'a' }, out: { file: 'old' } }, directory.path);
    await giveToOrdinaryUser(directory.path);
    await chmod(join(directory.path, 'out'), 0o555);
    const run = await asOrdinaryUser(
      'snapshot',
      '-o',
      join(directory.path, 'out/file'),
      join(directory.path, 'tree'),
    );
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: cannot write .*: permission denied \(EACCES\); /),
    ]);
    expect(run.code).toBe(4);
    expect(await readFile(join(directory.path, 'out/file'), 'utf8')).toBe('old');
    await chmod(join(directory.path, 'out'), 0o755);
  });

  it('answers with a warning when the cache may not be written', async () => {
    await using directory = tempDir();
    await makeTree({ a: 'a' }, directory.path);
    await mkdir(join(directory.path, '.muse/cache'), { recursive: true });
    await giveToOrdinaryUser(directory.path);
    await chmod(join(directory.path, '.muse/cache'), 0o555);
    // Where no probe can be made only what is older than three seconds is worth saving.
    await setTimeout(3_300);
    const run = await asOrdinaryUser('snapshot', directory.path);
    expect(run.stderr).toMatch(/^muse: warning: the cache was not saved: permission denied \(EACCES\)/m);
    expect(lines(run.stdout)).toEqual([expect.stringMatching(/^sha256:/)]);
    expect(run.code).toBe(0);
    await expect(access(join(directory.path, '.muse/cache/stat.json'))).rejects.toThrow('ENOENT');
    await chmod(join(directory.path, '.muse/cache'), 0o755);
  });
});
