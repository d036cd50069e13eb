import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fifo, makeTree, removeTree, symlink, type TreeSpec } from '@muse/testkit';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hashFileSync, NotRegularFileError, syncCalls } from './hash-file.js';
import { createFileStorage } from './file-storage.js';
import { MAX_CACHE_BYTES } from './types.js';

// As on Windows, whose open knows neither flag. The rest of the system stays the one that the test runs on.
vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>();
  const constants = { ...fs.constants, O_NOFOLLOW: undefined, O_NONBLOCK: undefined };
  return { ...fs, constants, default: { ...fs, constants } };
});

async function tree(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

describe('hashFile() on a system without O_NOFOLLOW', () => {
  it.each([
    ['a link', symlink('file')],
    ['a FIFO', fifo()],
  ])('opens %s never', async (_kind, node) => {
    const root = await tree({ file: 'x', node });
    const open = vi.fn((...args: Parameters<typeof syncCalls.open>) => syncCalls.open(...args));
    expect(() => hashFileSync(join(root, 'node'), {}, { ...syncCalls, open })).toThrow(NotRegularFileError);
    expect(open).not.toHaveBeenCalled();
    expect(hashFileSync(join(root, 'file')).bytes).toBe(1);
  });

  it('reads nothing of where a link leads that takes the place of the file', async () => {
    const root = await tree({ file: 'x', outside: 'secret' });
    const read = vi.fn((...args: Parameters<typeof syncCalls.read>) => syncCalls.read(...args));
    const open: typeof syncCalls.open = (path, flags) => {
      renameSync(join(root, 'file'), join(root, 'away'));
      symlinkSync('outside', join(root, 'file'));
      return syncCalls.open(path, flags);
    };
    const calls = { ...syncCalls, open, read };
    expect(() => hashFileSync(join(root, 'file'), {}, calls)).toThrow(NotRegularFileError);
    expect(read).not.toHaveBeenCalled();
  });
});

describe('createFileStorage() on a system without O_NOFOLLOW', () => {
  it('does not read a cache through a link, and saves nothing in its place', async () => {
    const directory = await tree({ real: '{"version":3,"entries":{}}', 'stat.json': symlink('real') });
    const storage = createFileStorage({ directory });
    const loaded = await storage.load({ maxBytes: MAX_CACHE_BYTES });
    expect(loaded).toMatchObject({ discarded: 'unreadable' });
    const change = { base: { size: 0, has: () => false, get: () => undefined, entries: () => [] } };
    const saving = storage.save({ ...change, put: new Map(), remove: new Set() });
    await expect(saving).rejects.toThrow('not a regular file');
    renameSync(join(directory, 'real'), join(directory, 'stat.json'));
    writeFileSync(join(directory, 'real'), '');
    expect(await storage.load({ maxBytes: MAX_CACHE_BYTES })).toHaveProperty('contents');
  });
});
