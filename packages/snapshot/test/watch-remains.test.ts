import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, type Snapshotter } from '@muse/snapshot';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { runNode } from './support/run-node.js';
import { bareTree, museTree } from './support/trees.js';
import { ask, hasEvents, untilQuiet, watchSettled } from './support/watching.js';

const hasPython = spawnSync('python3', ['-c', 'import mmap']).status === 0;
const canMount = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
const hasLoop =
  process.getuid?.() === 0 && spawnSync('sh', ['-c', 'losetup -f && command -v mkfs.ext4']).status === 0;

/** Returns whether an answer is what a scan says. */
async function isTrue(snapshotter: Snapshotter): Promise<boolean> {
  const { id } = await snapshotter.snapshot();
  return id === (await createSnapshot(snapshotter.root, { cache: false, threads: 1 })).id;
}

/** Maps a file in another process, which stores into the mapping, and ends it, line by line of its input. */
function mapping(file: string): { store(): Promise<void>; end(): Promise<void> } {
  const script = `
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
memory = mmap.mmap(fd, 0)
os.close(fd)
for line in sys.stdin:
    if line == 'end\\n': break
    memory[0] = (memory[0] + 1) % 256
    print('stored', flush=True)
memory.close()`;
  const child = spawn('python3', ['-c', script, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  return {
    store: async () => {
      child.stdin.write('store\n');
      await once(child.stdout, 'data');
    },
    end: async () => {
      child.stdin.end('end\n');
      await once(child, 'close');
    },
  };
}

/** Writes a file by the handle that it had when `run` was called, without looking up its name. */
function writeByHandle(file: string, mount: string, run: () => void): void {
  const python = (script: string, ...args: string[]) =>
    execFileSync('python3', ['-c', `import ctypes, os, sys\nlibc = ctypes.CDLL(None)\n${script}`, ...args], {
      encoding: 'latin1',
    });
  const handle = python(
    `
handle, mount = (ctypes.c_uint * 34)(128), ctypes.c_int()
assert libc.name_to_handle_at(-100, sys.argv[1].encode(), handle, ctypes.byref(mount), 0) == 0
print(bytes(handle).hex(), end='')`,
    file,
  );
  run();
  const script = `
handle = ctypes.create_string_buffer(bytes.fromhex(sys.argv[2]))
fd = libc.open_by_handle_at(os.open(sys.argv[1], os.O_RDONLY), handle, os.O_WRONLY | os.O_APPEND)
os.write(fd, b'!')`;
  python(script, mount, handle);
}

// What docs/guarantees.md says is not promised: nobody shall believe more.
describe.skipIf(!hasEvents)('an answer by events does not tell', () => {
  it.skipIf(!hasPython)('of stores through a mapping, until it is unmapped', async () => {
    const root = await museTree({ 'd/a': 'a'.repeat(100) });
    const snapshotter = await watchSettled(root);
    const mapped = mapping(join(root, 'd/a'));
    await mapped.store();
    expect(await isTrue(snapshotter)).toBe(false);
    await mapped.end();
    expect(await ask(snapshotter)).toBe('events');
  });

  it('of a write through a link outside the tree that was made since, until an event tells of the directory', async () => {
    const [root, outside] = [await museTree({ 'd/a': 'a' }), await bareTree()];
    const snapshotter = await watchSettled(root);
    linkSync(join(root, 'd/a'), join(outside, 'link'));
    appendFileSync(join(outside, 'link'), '!');
    expect(await isTrue(snapshotter)).toBe(false);
    writeFileSync(join(root, 'd/b'), 'b');
    await ask(snapshotter);
    // It is known to have two names now.
    appendFileSync(join(outside, 'link'), '!');
    await ask(snapshotter);
  });

  it('of a write through a link that was made in a new directory, and removed before the question', async () => {
    const root = await museTree({ 'd/a': 'a' });
    const snapshotter = await watchSettled(root);
    mkdirSync(join(root, 'new'));
    linkSync(join(root, 'd/a'), join(root, 'new/link'));
    appendFileSync(join(root, 'new/link'), '!');
    rmSync(join(root, 'new/link'));
    expect(await isTrue(snapshotter)).toBe(false);
  });

  it('of a write through what was opened by a name that was gone before any question', async () => {
    const [root, outside] = [await museTree({ 'd/a': 'a' }), await bareTree()];
    const snapshotter = await watchSettled(root);
    const descriptor = openSync(join(outside, 'new'), 'w');
    linkSync(join(outside, 'new'), join(root, 'd/new'));
    unlinkSync(join(outside, 'new'));
    await ask(snapshotter);
    await untilQuiet(snapshotter);
    writeSync(descriptor, '!');
    closeSync(descriptor);
    expect(await isTrue(snapshotter)).toBe(false);
  });

  it.skipIf(!hasLoop)('of a write through a loop device, until that is detached', async () => {
    const root = await museTree({ 'd/image': '\0'.repeat(1 << 16) });
    const device = execFileSync('losetup', ['-f', '--show', join(root, 'd/image')], { encoding: 'latin1' });
    const snapshotter = await watchSettled(root);
    try {
      execFileSync('sh', ['-c', `echo ! | dd of=${device.trim()} conv=fsync status=none`]);
      expect(await isTrue(snapshotter)).toBe(false);
    } finally {
      execFileSync('losetup', ['-d', device.trim()]);
    }
    await vi.waitFor(() => ask(snapshotter), 100_000);
  });

  it.skipIf(!hasLoop || !hasPython)('of a write by a file handle, as servers of files write', async () => {
    const [mount, outside] = [await bareTree(), await bareTree()];
    const image = join(outside, 'image');
    execFileSync('sh', [
      '-ec',
      'truncate -s 8M "$1"; mkfs.ext4 -q "$1"; mount -o loop "$1" "$2"',
      'sh',
      image,
      mount,
    ]);
    onTestFinished(() => void execFileSync('umount', [mount]));
    const root = join(mount, 'root');
    mkdirSync(join(root, '.muse'), { recursive: true });
    mkdirSync(join(root, 'd'));
    writeFileSync(join(root, 'd/a'), 'a');
    const snapshotter = await watchSettled(root);
    writeByHandle(join(root, 'd/a'), mount, () => {
      // Has the kernel forget all names.
      execFileSync('mount', ['-o', 'remount', mount]);
    });
    expect(await isTrue(snapshotter)).toBe(false);
  });
});

describe.skipIf(!hasEvents)('an answer by events tells', () => {
  it('of a link outside the tree that was there before', async () => {
    const [root, outside] = [await museTree({ 'd/a': 'a' }), await bareTree()];
    linkSync(join(root, 'd/a'), join(outside, 'link'));
    const snapshotter = await watchSettled(root);
    appendFileSync(join(outside, 'link'), '!');
    expect(await ask(snapshotter)).toBe('events');
  });

  it('of all files of a tree in which each has another name outside, as pnpm lays them out', async () => {
    const [root, outside] = [await museTree(), await bareTree()];
    for (let d = 0; d < 20; d++) {
      mkdirSync(join(root, `d${String(d)}`));
      for (let i = 0; i < 20; i++) {
        writeFileSync(join(outside, `${String(d)}-${String(i)}`), `content ${String(d)} ${String(i)}`);
        linkSync(join(outside, `${String(d)}-${String(i)}`), join(root, `d${String(d)}/f${String(i)}`));
      }
    }
    const snapshotter = await watchSettled(root);
    for (let d = 0; d < 20; d += 7) {
      appendFileSync(join(outside, `${String(d)}-3`), '!');
      await ask(snapshotter);
    }
    const { stats } = await snapshotter.snapshot();
    expect(stats).toMatchObject({ files: 400, directories: 21 });
  });

  it.skipIf(!canMount)('of what is mounted over a directory, which no event does', async () => {
    const root = await museTree({ 'd/a': 'a', 'e/b': 'b' });
    const script = `
      const { execFileSync } = await import('node:child_process');
      const fs = await import('node:fs');
      const root = ${JSON.stringify(root)};
      const snapshotter = await openSnapshotter(root, { watch: true });
      await snapshotter.snapshot();
      const said = [];
      const ask = async () => {
        const { by, manifest } = await snapshotter.snapshot();
        const { manifest: truth } = await createSnapshot(root, { cache: false });
        said.push([by, [...manifest.keys()].join(), [...manifest].join() === [...truth].join()]);
      };
      await ask();
      execFileSync('mount', ['-t', 'tmpfs', 'none', root + '/d']);
      fs.writeFileSync(root + '/d/mounted', 'mounted');
      await ask();
      execFileSync('umount', [root + '/d']);
      await ask();
      answer(said);`;
    expect(await runNode(script, { before: 'unshare -Urm' })).toEqual([
      ['events', 'd/a,e/b', true],
      ['scan', 'd/mounted,e/b', true],
      ['scan', 'd/a,e/b', true],
    ]);
  });
});
