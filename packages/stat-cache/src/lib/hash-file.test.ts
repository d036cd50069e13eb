import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fifo, hostileNames, makeDeepChain, makeTree, removeTree, socket, symlink } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  asyncCalls,
  blobId,
  hashFile,
  hashFileSync,
  hashFileWith,
  MovedFileError,
  NotRegularFileError,
  syncCalls,
  type FileCalls,
} from './hash-file.js';

async function tree(...[spec]: Parameters<typeof makeTree>): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

const MIB = 1024 * 1024;

describe('hashFile', () => {
  it.each([0, 1, 4095, 4096, 4097, MIB - 1, MIB, MIB + 1, 3 * MIB + 17])(
    'gives the id that sha256sum gives, for %i bytes',
    async (size) => {
      const content = Buffer.alloc(size, 'content ');
      const root = await tree({ f: content });
      const { objectId, stat, bytes } = await hashFile(join(root, 'f'));
      expect(objectId).toBe(`sha256:${createHash('sha256').update(content).digest('hex')}`);
      expect(bytes).toBe(size);
      expect(stat.size).toBe(BigInt(size));
      const { ino, ctimeNs } = stat;
      expect(hashFileSync(join(root, 'f'))).toMatchObject({ objectId, bytes, stat: { ino, ctimeNs } });
    },
  );

  it('finds every hostile name by its bytes', async () => {
    const root = await tree(new Map(hostileNames.map((name) => [name, name])));
    for (const name of hostileNames) {
      const path = Buffer.concat([Buffer.from(`${root}/`), name]);
      expect((await hashFile(path)).objectId).toBe(blobId(name));
    }
  });

  it.runIf(process.platform === 'linux')('reaches a file beyond PATH_MAX', async () => {
    const root = await tree({});
    makeDeepChain(root, { depth: 25, name: 'd'.repeat(200), leaf: 'leaf' });
    const path = join(root, ...Array<string>(25).fill('d'.repeat(200)), 'leaf');
    expect((await hashFile(path)).objectId).toBe(blobId(Buffer.from('leaf')));
    await expect(hashFile(`${path}/none`)).rejects.toMatchObject({ code: 'ENOTDIR' });
    expect(hashFileSync(path).bytes).toBe(4);
  });

  it.each(['link', 'pipe', 'sock', 'dir', '/dev/null'])(
    'refuses what is no regular file: %s',
    async (name) => {
      const root = await tree({ f: 'x', link: symlink('f'), pipe: fifo(), sock: socket(), dir: {} });
      await expect(hashFile(name.startsWith('/') ? name : join(root, name))).rejects.toThrow(
        NotRegularFileError,
      );
    },
  );

  it('names the path in a message, whatever its bytes are', async () => {
    const root = await tree(new Map([[Buffer.from('\xff\n', 'latin1'), {}]]));
    const path = Buffer.concat([Buffer.from(`${root}/`), Buffer.from('\xff\n', 'latin1')]);
    await expect(hashFile(path)).rejects.toThrow(
      `Cannot hash "${root}/\\udcff\\n": it is a directory, not a regular file`,
    );
  });

  it('rejects with the error of the system where there is no file, or no such path', async () => {
    const root = await tree({ f: 'x' });
    await expect(hashFile(join(root, 'none'))).rejects.toMatchObject({ code: 'ENOENT', syscall: 'lstat' });
    await expect(hashFile(join(root, 'f', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(hashFile('a\0b')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  it('rejects with the reason of its signal', async () => {
    const root = await tree({ f: 'x' });
    const reason = new Error('enough');
    await expect(hashFile(join(root, 'f'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  // The first reads one number from a file that gives it to the first read alone; the second has some 100 bytes.
  it.runIf(process.platform === 'linux').each(['/proc/sys/kernel/pid_max', '/proc/version'])(
    'hashes %s, which says that it is empty',
    async (path) => {
      const { objectId, bytes, stat } = await hashFile(path);
      expect(objectId).toBe(blobId(readFileSync(path)));
      expect(BigInt(bytes)).toBeGreaterThan(stat.size);
    },
  );
});

/** The real calls, with something done right before the first open. */
function beforeOpen(calls: FileCalls, act: () => void): FileCalls {
  let done = false;
  const open: FileCalls['open'] = (path, flags) => {
    if (!done) act();
    done = true;
    return calls.open(path, flags);
  };
  return { ...calls, open };
}

describe.each([
  ['syncCalls', syncCalls],
  ['asyncCalls', asyncCalls],
])('hashFileWith and %s, when the place is taken before open', (_, calls) => {
  it('does not follow a link', async () => {
    const root = await tree({ f: 'x', secret: 'secret' });
    const path = join(root, 'f');
    const swap = beforeOpen(calls, () => {
      unlinkSync(path);
      symlinkSync('secret', path);
    });
    await expect(hashFileWith(swap, path)).rejects.toThrow('it is a symbolic link');
  });

  it('does not wait at a FIFO', async () => {
    const root = await tree({ f: 'x', pipe: fifo() });
    const path = join(root, 'f');
    const swap = beforeOpen(calls, () => {
      renameSync(join(root, 'pipe'), path);
    });
    await expect(hashFileWith(swap, path)).rejects.toThrow('it is a FIFO');
  });

  it('refuses a directory and a socket', async () => {
    const root = await tree({ f: 'x', g: 'x', sock: socket() });
    const directory = beforeOpen(calls, () => {
      unlinkSync(join(root, 'f'));
      mkdirSync(join(root, 'f'));
    });
    await expect(hashFileWith(directory, join(root, 'f'))).rejects.toThrow('it is a directory');
    const takenBySocket = beforeOpen(calls, () => {
      renameSync(join(root, 'sock'), join(root, 'g'));
    });
    await expect(hashFileWith(takenBySocket, join(root, 'g'))).rejects.toThrow('it is a socket');
  });

  it('hashes the file that took it, or says that the listed one has moved', async () => {
    const root = await tree({ f: 'old', new: 'new', newer: 'newer' });
    const path = join(root, 'f');
    const listed = await calls.lstat(path);
    const first = beforeOpen(calls, () => {
      renameSync(join(root, 'new'), path);
    });
    expect((await hashFileWith(first, path)).objectId).toBe(blobId(Buffer.from('new')));
    const second = beforeOpen(calls, () => {
      renameSync(join(root, 'newer'), path);
    });
    await expect(hashFileWith(second, path, { listed })).rejects.toThrow(MovedFileError);
  });

  it('sees that a file grew or shrank while it was read', async () => {
    for (const size of [10, 100_000]) {
      const root = await tree({ f: 'x'.repeat(50_000) });
      const path = join(root, 'f');
      let reads = 0;
      const resizing: FileCalls = {
        ...calls,
        read: (fd, buffer) => {
          if (reads++ === 1) truncateSync(path, size);
          return calls.read(fd, buffer);
        },
      };
      const { bytes, stat } = await hashFileWith(resizing, path, { buffer: new Uint8Array(4096) });
      expect(bytes).toBe(size);
      expect(stat.size).toBe(BigInt(size));
    }
  });
});

it.runIf(process.platform === 'linux')(
  'hashFile leaves no descriptor open, whatever comes of it',
  async () => {
    const root = await tree({
      f: 'x',
      big: Buffer.alloc(3 * MIB),
      link: symlink('f'),
      dir: {},
      pipe: fifo(),
    });
    makeDeepChain(root, { depth: 25, name: 'd'.repeat(200), leaf: 'leaf' });
    const deep = join(root, ...Array<string>(25).fill('d'.repeat(200)));
    const before = readdirSync('/proc/self/fd').length;
    const aborted = AbortSignal.abort(new Error('enough'));
    for (const name of ['f', 'big', 'link', 'dir', 'pipe', 'none']) {
      await hashFile(join(root, name)).catch(() => undefined);
      await hashFile(join(root, name), { signal: aborted }).catch(() => undefined);
    }
    for (const name of ['leaf', 'none']) await hashFile(join(deep, name)).catch(() => undefined);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  },
);

it('hashFile reads a sparse file of 64 MiB in bounded memory', async () => {
  const root = await tree({ f: '' });
  writeFileSync(join(root, 'f'), '');
  const fd = openSync(join(root, 'f'), 'r+');
  ftruncateSync(fd, 64 * MIB);
  closeSync(fd);
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  const calls: FileCalls = {
    ...asyncCalls,
    read: (descriptor, buffer) => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers);
      return asyncCalls.read(descriptor, buffer);
    },
  };
  expect((await hashFileWith(calls, join(root, 'f'))).bytes).toBe(64 * MIB);
  expect(peak - before).toBeLessThan(8 * MIB);
});
