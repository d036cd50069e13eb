import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile as put } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { SilentExit } from '../command-error.js';
import { checkWritable, writeFile } from './write-file.js';

const { signal } = new AbortController();

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
    await writeFile(join(directory.path, 'out'), bytes('a', 'b'), signal);
    expect(await readdir(directory.path)).toEqual(['out']);
    expect(await readFile(join(directory.path, 'out'), 'utf8')).toBe('ab');
  });

  it('replaces a file and keeps its permissions', async () => {
    await using directory = tempDir();
    const file = join(directory.path, 'out');
    await put(file, 'a much longer text than the new one');
    await chmod(file, 0o640);
    await writeFile(file, bytes('new'), signal);
    expect(await readFile(file, 'utf8')).toBe('new');
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  it('writes through a symbolic link', async () => {
    await using directory = tempDir();
    await put(join(directory.path, 'real'), 'old');
    await symlink('real', join(directory.path, 'link'));
    await writeFile(join(directory.path, 'link'), bytes('new'), signal);
    expect(await readlink(join(directory.path, 'link'))).toBe('real');
    expect(await readFile(join(directory.path, 'real'), 'utf8')).toBe('new');
  });

  it.runIf(process.platform === 'linux')('takes a name that is not UTF-8', async () => {
    await using directory = tempDir();
    await writeFile(join(directory.path, '\udcff'), bytes('x'), signal);
    expect(await readdir(directory.path, 'buffer')).toEqual([Buffer.of(0xff)]);
  });

  it('keeps the old file and leaves nothing behind when the answer fails', async () => {
    await using directory = tempDir();
    const file = join(directory.path, 'out');
    await put(file, 'old');
    const error = new Error('the middle is missing');
    await expect(writeFile(file, failing(error), signal)).rejects.toBe(error);
    expect(await readdir(directory.path)).toEqual(['out']);
    expect(await readFile(file, 'utf8')).toBe('old');
  });

  it('keeps the old file and leaves nothing behind on an abort', async () => {
    await using directory = tempDir();
    const file = join(directory.path, 'out');
    await put(file, 'old');
    const controller = new AbortController();
    const reason = new SilentExit(130);
    function* abortedHalfway(): Generator<Uint8Array> {
      yield* bytes('half');
      controller.abort(reason);
      yield* bytes('other half');
    }
    await expect(writeFile(file, abortedHalfway(), controller.signal)).rejects.toBe(reason);
    expect(await readdir(directory.path)).toEqual(['out']);
    expect(await readFile(file, 'utf8')).toBe('old');
  });

  it.runIf(process.platform === 'linux')('leaves a device the device it is', async () => {
    await writeFile('/dev/null', bytes('x'), signal);
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
    await expect(writeFile('/dev/full', bytes('x'), signal)).rejects.toThrow(
      'no space left on device (ENOSPC)',
    );
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
