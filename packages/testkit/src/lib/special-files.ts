import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

let made = 0;

/**
 * Makes a named pipe at `path`, by way of a plain name in `root`: a command's arguments are text, and a name is bytes.
 */
export function makeFifo(root: string, path: Uint8Array): void {
  const plain = join(root, `.testkit-${String(process.pid)}-${String(made++)}`);
  try {
    execFileSync('mkfifo', ['--', plain], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (cause) {
    throw new Error(`Cannot make a FIFO in "${root}": needs a POSIX system with the mkfifo command`, {
      cause,
    });
  }
  renameSync(plain, path as Buffer);
}

/**
 * Leaves a socket that nobody listens on at `path`.
 *
 * A server unlinks the name it was bound to when it closes, so the socket is renamed first. The bound name is short
 * and in `root`, because a socket's address holds about 100 bytes.
 */
export async function makeSocket(root: string, path: Uint8Array): Promise<void> {
  const plain = join(root, `.testkit-${String(process.pid)}-${String(made++)}`);
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(plain, resolve);
    });
    renameSync(plain, path as Buffer);
  } catch (cause) {
    throw new Error(`Cannot make a socket in "${root}": needs a POSIX system and a path below 90 bytes`, {
      cause,
    });
  } finally {
    await new Promise<void>((resolve) =>
      server.close(() => {
        resolve();
      }),
    );
  }
}
