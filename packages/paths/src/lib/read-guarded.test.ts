import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  becomeOrdinaryUser,
  built,
  fifo,
  fsdecode,
  giveToOrdinaryUser,
  makeTree,
  ordinaryUser,
  removeTree,
  socket,
  symlink,
} from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileReadError, readGuarded, readStream, type ReadGuardedOptions } from './read-guarded.js';

const windows = process.platform === 'win32';
let root: string;

beforeAll(async () => {
  root = await makeTree({
    text: 'hello',
    empty: '',
    directory: { file: 'x' },
    link: symlink('text'),
    dangling: symlink('nowhere'),
    circle: symlink('circle'),
    ...(windows ? {} : { pipe: fifo(), socket: socket(), 'link-to-pipe': symlink('pipe') }),
  });
});

afterAll(() => removeTree(root));

async function refusal(name: string, options: Partial<ReadGuardedOptions> = {}): Promise<FileReadError> {
  const error = await readGuarded(join(root, name), { maxBytes: 100, ...options }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FileReadError);
  return error as FileReadError;
}

describe('readGuarded', () => {
  it('reads a regular file, and tells what was opened', async () => {
    const { bytes, stat } = await readGuarded(join(root, 'text'), { maxBytes: 100 });
    expect(bytes.toString()).toBe('hello');
    expect(stat.size).toBe(5);
    expect((await readGuarded(join(root, 'empty'), { maxBytes: 0 })).bytes).toHaveLength(0);
  });

  it('keeps bytes that are not UTF-8, in the file and in its name', async () => {
    const name = Buffer.concat([Buffer.from(join(root, 'n')), Buffer.from([0xe9])]);
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0xc3]);
    writeFileSync(name, bytes);
    expect((await readGuarded(name, { maxBytes: 4 })).bytes).toEqual(bytes);
    expect((await readGuarded(fsdecode(name), { maxBytes: 4 })).bytes).toEqual(bytes);
  });

  it('accepts exactly the limit and nothing beyond it', async () => {
    expect((await readGuarded(join(root, 'text'), { maxBytes: 5 })).bytes).toHaveLength(5);
    expect(await refusal('text', { maxBytes: 4 })).toMatchObject({
      code: 'EFBIG',
      reason: 'it has more than the 4 bytes allowed',
    });
  });

  it('does not begin to read what is said to be too large', async () => {
    const file = join(root, 'sparse');
    writeFileSync(file, '');
    truncateSync(file, 2 ** 43);
    expect((await refusal('sparse', { maxBytes: 2 ** 42 })).code).toBe('EFBIG');
  });

  it.each([3, 4095, 4096, 4097, 4098, 8194, 100_000, 1_048_576, 2_000_001])(
    'reads %i bytes whole',
    async (length) => {
      const file = join(root, 'whole');
      const bytes = Buffer.from(Array.from({ length }, (_, index) => index % 251));
      writeFileSync(file, bytes);
      for (const maxBytes of [length, length + 1, 1 << 22]) {
        expect((await readGuarded(file, { maxBytes })).bytes.equals(bytes)).toBe(true);
      }
    },
  );

  it.skipIf(!existsSync('/proc/self/maps'))(
    'counts what it reads where the size is said to be 0',
    async () => {
      const { bytes } = await readGuarded('/proc/self/maps', { maxBytes: 1 << 24 });
      expect(bytes.length).toBeGreaterThan(4097);
      const error = await readGuarded('/proc/self/maps', { maxBytes: 4099 }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'EFBIG' });
    },
  );

  it('reads no more than the beginning of a file of another kind', async () => {
    const accept = (beginning: Buffer): boolean => beginning.equals(Buffer.from('hello'));
    const { bytes } = await readGuarded(join(root, 'text'), { maxBytes: 5, accept });
    expect(bytes.toString()).toBe('hello');
    expect(await refusal('empty', { accept })).toMatchObject({ code: 'EOTHER' });
    writeFileSync(join(root, 'enormous'), 'help');
    truncateSync(join(root, 'enormous'), 2 ** 40);
    expect(await refusal('enormous', { accept })).toMatchObject({ code: 'EOTHER' });
    expect(await refusal('text', { accept, maxBytes: 4 })).toMatchObject({ code: 'EFBIG' });
  });

  it('gives memory that threads can share where that is asked for', async () => {
    const { bytes } = await readGuarded(join(root, 'text'), { maxBytes: 100, shared: true });
    expect(bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(bytes.toString()).toBe('hello');
  });

  it('refuses what is not a regular file', async () => {
    expect(await refusal('directory')).toMatchObject({
      code: 'ENOTREG',
      message: `Cannot read ${JSON.stringify(join(root, 'directory'))}: it is a directory, not a regular file`,
    });
    expect(await refusal('link')).toMatchObject({
      code: 'ENOTREG',
      reason: 'it is a symbolic link, not a regular file',
    });
    expect(await refusal('dangling')).toMatchObject({ code: 'ENOTREG' });
  });

  it('says what the system said', async () => {
    expect(await refusal('missing')).toMatchObject({ code: 'ENOENT', reason: 'no such file or directory' });
    expect(await refusal('text/below')).toMatchObject({ code: 'ENOTDIR' });
    expect(await refusal('dangling', { follow: true })).toMatchObject({ code: 'ENOENT' });
    expect(await refusal('circle', { follow: true })).toMatchObject({ code: 'ELOOP' });
    expect(await refusal(`circle/${'x'.repeat(300)}`)).toMatchObject({ code: 'ELOOP' });
  });

  it('follows a link only where it is told to', async () => {
    const { bytes, stat } = await readGuarded(join(root, 'link'), { maxBytes: 100, follow: true });
    expect(bytes.toString()).toBe('hello');
    expect(stat.isFile()).toBe(true);
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(readGuarded(join(root, 'text'), { maxBytes: 100, signal })).rejects.toThrow('stop');
  });
});

describe.skipIf(windows)('readGuarded, among special files', () => {
  it('refuses them and waits for none', async () => {
    expect(await refusal('socket')).toMatchObject({
      code: 'ENOTREG',
      reason: 'it is a socket, not a regular file',
    });
    expect(await refusal('socket', { pipes: true })).toMatchObject({ code: 'ENOTREG' });
    expect(await refusal('pipe')).toMatchObject({
      code: 'ENOTREG',
      reason: 'it is a FIFO, not a regular file',
    });
    expect(await refusal('link-to-pipe', { follow: true })).toMatchObject({ code: 'ENOTREG' });
    expect(await refusal('link-to-pipe', { pipes: true })).toMatchObject({ code: 'ENOTREG' });
    for (const device of ['/dev/zero', '/dev/null', '/dev/tty']) {
      const error = await readGuarded(device, { maxBytes: 100 }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'ENOTREG', reason: 'it is a device, not a regular file' });
    }
  });

  it('leaves alone who waits to write into a FIFO', async () => {
    const writer = spawn('sh', ['-c', 'echo x > "$0"', join(root, 'pipe')], { stdio: 'ignore' });
    const exited = once(writer, 'exit');
    await sleep(100);
    await refusal('pipe');
    await sleep(100);
    expect(writer.exitCode ?? writer.signalCode).toBeNull();
    writer.kill();
    await exited;
  });

  it('reads a FIFO to its end where that is asked for, whenever somebody writes', async () => {
    const path = join(root, 'pipe');
    const script = 'sleep 0.2; (printf hel; sleep 0.1; printf lo) > "$0"';
    const writer = spawn('sh', ['-c', script, path]);
    const { bytes } = await readGuarded(path, { maxBytes: 100, pipes: true });
    expect(bytes.toString()).toBe('hello');
    await once(writer, 'exit');
  });

  it('reads no more than the limit of an endless FIFO or device', async () => {
    const path = join(root, 'pipe');
    const writer = spawn('sh', ['-c', 'exec yes > "$0"', path], { stdio: 'ignore' });
    const exited = once(writer, 'exit');
    expect(await refusal('pipe', { pipes: true, maxBytes: 1 << 20 })).toMatchObject({ code: 'EFBIG' });
    await exited;
    const error = await readGuarded('/dev/zero', { maxBytes: 1 << 20, pipes: true }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'EFBIG' });
    expect((await readGuarded('/dev/null', { maxBytes: 0, pipes: true })).bytes).toHaveLength(0);
  });

  it('stops waiting for a silent FIFO when it is told to', async () => {
    const signal = AbortSignal.timeout(50);
    const options = { maxBytes: 100, pipes: true, signal };
    await expect(readGuarded(join(root, 'pipe'), options)).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('leaves a process that waits for a silent FIFO free to die of a signal', async () => {
    const program = `
      import { readGuarded } from '${built('@muse/paths/files')}';
      setTimeout(() => console.log('waiting'), 100);
      await readGuarded(process.argv[1], { maxBytes: 100, pipes: true });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, join(root, 'pipe')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([null, 'SIGTERM']);
  });

  it.skipIf(!ordinaryUser())('says when it is not permitted', async () => {
    const file = join(root, 'secret');
    writeFileSync(file, 'x', { mode: 0o200 });
    await giveToOrdinaryUser(root);
    const program = `
      import { readGuarded } from '${built('@muse/paths/files')}';
      ${becomeOrdinaryUser()}
      await readGuarded(process.argv[1], { maxBytes: 100 }).catch(({ code, reason }) => console.log(code, reason));`;
    const options = {
      stdio: ['ignore', 'pipe', 'inherit'] as ('ignore' | 'pipe' | 'inherit')[],
    };
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, file], options);
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
    await once(child, 'close');
    expect(said).toBe('EACCES permission denied\n');
    expect(readFileSync(join(root, 'text'), 'utf8')).toBe('hello');
  });
});

describe('readStream', () => {
  it('reads what comes, up to the limit', async () => {
    const { Readable } = await import('node:stream');
    const of = (...texts: string[]) => Readable.from(texts.map((text) => Buffer.from(text)));
    expect((await readStream('stdin', of('a', 'b'), { maxBytes: 2 })).toString()).toBe('ab');
    const endless = of('a', 'b', 'c');
    await expect(readStream('stdin', endless, { maxBytes: 2 })).rejects.toMatchObject({ code: 'EFBIG' });
    expect(endless.destroyed).toBe(true);
  });
});
