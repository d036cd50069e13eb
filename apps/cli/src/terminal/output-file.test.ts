import { readdirSync } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  utimes,
  writeFile as put,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fifo, makeTree, removeTree, symlink as symlinkTo, tempDir } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkWritable, writeFile } from './output-file.js';

function* bytes(...chunks: string[]): Generator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

function* failing(error: Error): Generator<Uint8Array> {
  yield* bytes('half');
  throw error;
}

describe('writeFile()', () => {
  it('writes a new file and leaves nothing else', async () => {
    await using directory = tempDir();
    await writeFile(join(directory.path, 'out'), bytes('a', 'b'));
    expect(await readdir(directory.path)).toEqual(['out']);
    expect(await readFile(join(directory.path, 'out'), 'utf8')).toBe('ab');
  });

  it('replaces a file by a new one, which has the permissions of any new file', async () => {
    await using directory = tempDir();
    const file = join(directory.path, 'out');
    const copy = join(directory.path, 'copy');
    await put(file, 'a much longer text than the new one');
    await chmod(file, 0o666);
    await link(file, copy);
    await writeFile(file, bytes('new'));
    expect(await readFile(file, 'utf8')).toBe('new');
    expect(await readFile(copy, 'utf8')).toBe('a much longer text than the new one');
    await put(join(directory.path, 'other'), '');
    expect((await stat(file)).mode).toBe((await stat(join(directory.path, 'other'))).mode);
  });

  it.each([
    ['a file', 'real'],
    ['nothing', 'missing/too'],
    ['itself', 'link'],
  ])('replaces a link that leads to %s, and leaves alone what it leads to', async (_case, target) => {
    await using directory = tempDir();
    await put(join(directory.path, 'real'), 'old');
    await symlink(target, join(directory.path, 'link'));
    await checkWritable(join(directory.path, 'link'));
    expect(await writeFile(join(directory.path, 'link'), bytes('new'))).toBe(true);
    expect((await lstat(join(directory.path, 'link'))).isFile()).toBe(true);
    expect(await readFile(join(directory.path, 'link'), 'utf8')).toBe('new');
    expect(await readFile(join(directory.path, 'real'), 'utf8')).toBe('old');
    expect((await readdir(directory.path)).sort()).toEqual(['link', 'real']);
  });

  it.runIf(process.platform === 'linux')('writes to a pipe, by a link to it, too', async () => {
    const root = await makeTree({ pipe: fifo(), link: symlinkTo('pipe') });
    onTestFinished(() => removeTree(root));
    for (const name of ['pipe', 'link']) {
      const [text, isNew] = await Promise.all([
        readFile(join(root, 'pipe'), 'utf8'),
        writeFile(join(root, name), bytes('a', 'b')),
      ]);
      expect([text, isNew]).toEqual(['ab', false]);
    }
    expect((await lstat(join(root, 'pipe'))).isFIFO()).toBe(true);
    expect((await lstat(join(root, 'link'))).isSymbolicLink()).toBe(true);
  });

  it.runIf(process.platform === 'linux')('writes to a file that is named by its descriptor', async () => {
    await using directory = tempDir();
    await using file = await open(join(directory.path, 'log'), 'a');
    await file.writeFile('before ');
    for (const name of [`/dev/fd/${file.fd}`, `/proc/self/fd/${file.fd}`]) {
      await checkWritable(name);
      expect(await writeFile(name, bytes('x'))).toBe(false);
    }
    expect(await readFile(join(directory.path, 'log'), 'utf8')).toBe('before xx');
  });

  it('tells of its temporary file while that exists', async () => {
    await using directory = tempDir();
    const told: string[] = [];
    const listed = (): string[] => readdirSync(directory.path);
    const temporaryFiles = {
      add: (path: string) => told.push(`add ${basename(path)}`, ...listed()),
      delete: (path: string) => told.push(`delete ${basename(path)}`, ...listed()),
    };
    let during: string[] = [];
    function* watched(): Generator<Uint8Array> {
      yield* bytes('a');
      during = listed();
    }
    await writeFile(join(directory.path, 'out'), watched(), { temporaryFiles });
    const [name] = during;
    expect(name).toMatch(/^\.muse-output-\w+\.tmp$/);
    expect(told).toEqual([`add ${String(name)}`, `delete ${String(name)}`, 'out']);
  });

  it('removes what a killed process left beside the file more than an hour ago, and nothing else', async () => {
    const left = '.muse-output-0123456789abcdef.tmp';
    const kept = ['.muse-output-fresh.tmp', '.muse-output-.tmp', '.muse-output-x.json', '.stat_cache_x.tmp'];
    const names = Object.fromEntries([left, ...kept].map((name) => [name, 'x']));
    const root = await makeTree({
      ...names,
      '.muse-output-link.tmp': symlinkTo(left),
      '.muse-output-d.tmp': {},
    });
    onTestFinished(() => removeTree(root));
    const before = new Date(Date.now() - 3_700_000);
    for (const name of [left, ...kept.slice(1)]) await utimes(join(root, name), before, before);
    await writeFile(join(root, 'out'), bytes('a'));
    const others = ['.muse-output-d.tmp', '.muse-output-link.tmp', 'out'];
    expect((await readdir(root)).sort()).toEqual([...kept, ...others].sort());
  });

  it.runIf(process.platform === 'linux')('takes a name that is not UTF-8', async () => {
    await using directory = tempDir();
    await writeFile(join(directory.path, '\udcff'), bytes('x'));
    expect(await readdir(directory.path, 'buffer')).toEqual([Buffer.of(0xff)]);
  });

  it('keeps the old file and leaves nothing behind when the answer fails', async () => {
    await using directory = tempDir();
    const file = join(directory.path, 'out');
    await put(file, 'old');
    const error = new Error('the middle is missing');
    await expect(writeFile(file, failing(error))).rejects.toBe(error);
    expect(await readdir(directory.path)).toEqual(['out']);
    expect(await readFile(file, 'utf8')).toBe('old');
  });

  it.runIf(process.platform === 'linux')('leaves a device the device it is', async () => {
    await writeFile('/dev/null', bytes('x'));
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
    await expect(writeFile('/dev/full', bytes('x'))).rejects.toThrow('no space left on device (ENOSPC)');
  });
});

describe('checkWritable()', () => {
  it('accepts what can be written', async () => {
    await using directory = tempDir();
    await checkWritable(join(directory.path, 'new'));
    await checkWritable('new');
    await checkWritable('/dev/null');
  });

  it('refuses a directory and a missing parent', async () => {
    await using directory = tempDir();
    await mkdir(join(directory.path, 'd'));
    await expect(checkWritable(join(directory.path, 'd'))).rejects.toThrow('it is a directory');
    await expect(checkWritable(join(directory.path, 'no', 'file'))).rejects.toThrow(
      'no such file or directory',
    );
  });
});
