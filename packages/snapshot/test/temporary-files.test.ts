import { existsSync, watch } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createSnapshot, saveSnapshot } from '@muse/snapshot';
import type { TemporaryFiles } from '@muse/paths/files';
import { describe, expect, it, onTestFinished } from 'vitest';
import { museTree } from './support/trees.js';

/** Keeps the names it was told, and those of files that were there too early or too late. */
class ToldFiles implements TemporaryFiles {
  readonly names = new Set<string>();
  readonly open = new Set<string>();
  readonly wrong: string[] = [];

  add(path: string): void {
    if (existsSync(path)) this.wrong.push(`${path} was there before it was told of`);
    this.names.add(basename(path));
    this.open.add(path);
  }

  delete(path: string): void {
    if (existsSync(path)) this.wrong.push(`${path} is still there`);
    this.open.delete(path);
  }
}

/** Returns the names of the temporary files that are made in a directory while `run` does. */
async function madeIn(directory: string, run: () => Promise<unknown>): Promise<Set<string>> {
  await mkdir(directory, { recursive: true });
  const made = new Set<string>();
  let isOver = (): void => undefined;
  const over = new Promise<void>((resolve) => (isOver = resolve));
  const watcher = watch(directory, (_event, name) => {
    if (name?.endsWith('.tmp')) made.add(name);
    if (name === 'over') isOver();
  });
  onTestFinished(() => {
    watcher.close();
  });
  await run();
  // What it is told of this comes after all that it is told of those.
  await writeFile(join(directory, 'over'), '');
  await over;
  return made;
}

describe.runIf(process.platform === 'linux')('temporaryFiles', () => {
  it('hears of each probe and each file of the cache, for as long as it exists', async () => {
    const root = await museTree({ a: 'a', 'd/b': 'b' });
    const told = new ToldFiles();
    const made = await madeIn(join(root, '.muse/cache'), () =>
      createSnapshot(root, { temporaryFiles: told }),
    );
    expect(existsSync(join(root, '.muse/cache/stat.json'))).toBe(true);
    expect(told.names).toEqual(made);
    expect(told.names.size).toBeGreaterThan(1);
    expect([...told.open, ...told.wrong]).toEqual([]);
  });

  it('hears of the file of a saved snapshot, whether or not that is saved', async () => {
    const root = await museTree({ a: 'a' });
    const snapshot = await createSnapshot(root);
    const told = new ToldFiles();
    const stopped = new AbortController();
    const failing = { ...snapshot, manifest: new Map(snapshot.manifest) };
    failing.manifest.entries = () => {
      stopped.abort();
      return snapshot.manifest.entries();
    };
    failing.manifest[Symbol.iterator] = () => failing.manifest.entries();
    const made = await madeIn(join(root, '.muse/snapshots'), async () => {
      await saveSnapshot(root, snapshot, { temporaryFiles: told });
      const { signal } = stopped;
      await expect(saveSnapshot(root, failing, { signal, temporaryFiles: told })).rejects.toThrow('abort');
    });
    expect(told.names).toEqual(made);
    expect(told.names.size).toBe(2);
    expect([...told.open, ...told.wrong]).toEqual([]);
  });
});
