import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { writeStdout } from './streams.js';

vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>();
  return { ...fs, fstatSync: () => ({ isFile: () => false }) };
});

it('writeStdout() asks for the next piece only when the system has the last one', async () => {
  const written: ((error?: Error) => void)[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((...args: unknown[]) => {
    written.push(args[1] as () => void);
    return false;
  });
  onTestFinished(() => {
    write.mockRestore();
  });
  let made = 0;
  function* pieces(): Iterable<Uint8Array> {
    for (; made < 5; made++) yield Buffer.alloc(8192, String(made));
  }
  const done = writeStdout(pieces());
  for (let piece = 0; piece < 5; piece++) {
    await setImmediate();
    expect([piece, made, written.length]).toEqual([piece, piece, piece + 1]);
    written[piece]?.();
  }
  await done;
});
