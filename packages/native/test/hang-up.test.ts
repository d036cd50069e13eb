import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { fifo, makeTree, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { hasNative, native } from './support/engine.js';

describe.skipIf(!hasNative)('hasHungUp()', () => {
  it('tells that the reader of a pipe is gone, however full the pipe is', async () => {
    await using place = tempDir();
    await makeTree({ pipe: fifo() }, place.path);
    const pipe = join(place.path, 'pipe');
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(pipe, constants.O_WRONLY);
    try {
      expect(native.hasHungUp(writer)).toBe(false);
      closeSync(reader);
      expect(native.hasHungUp(writer)).toBe(true);
    } finally {
      closeSync(writer);
    }
  });

  it('tells nothing of a file', () => {
    const file = openSync(import.meta.filename, 'r');
    expect(native.hasHungUp(file)).toBe(false);
    closeSync(file);
  });

  it('tells the same of a socket, whose end Node gives to a child', async () => {
    const child = spawn('sh', ['-c', 'exec sleep 60'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const { fd } = (child.stdin as unknown as { _handle: { fd: number } })._handle;
    expect(native.hasHungUp(fd)).toBe(false);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    await expect.poll(() => child.stdin.destroyed || native.hasHungUp(fd)).toBe(true);
  });

  it.each([-1, 2 ** 31, 'x'])('refuses %j', (descriptor) => {
    expect(() => native.hasHungUp(descriptor as number)).toThrow(RangeError);
  });

  it('throws for a descriptor that is closed', () => {
    const file = openSync(import.meta.filename, 'r');
    closeSync(file);
    expect(() => native.hasHungUp(file)).toThrow('Cannot poll a descriptor: the system said error 9');
  });
});
