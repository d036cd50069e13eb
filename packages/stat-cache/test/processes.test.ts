import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { built } from '@muse/testkit';
import { StatCache } from '@muse/stat-cache';
import { expect, it } from 'vitest';
import { fileStat, idOf } from './support/entries.js';
import { inCache, museRoot } from './support/muse-root.js';

const index = built('@muse/stat-cache');

/** Starts a process that saves 20 entries of its own again and again, each time in one save. */
function startSaver(root: string, name: string, rounds: number): ChildProcess {
  const program = `
    import { StatCache, blobId } from ${JSON.stringify(index)};
    const [root, name, rounds] = process.argv.slice(1);
    const stat = { dev: 1n, ino: 1n, size: 1n, mtimeNs: 1n };
    for (let round = 0; round < Number(rounds); round++) {
      const cache = await StatCache.open({ root });
      const boundary = await cache.boundary();
      for (let n = 0; n < 20; n++) {
        cache.record(name + '/' + n, { ...stat, ctimeNs: BigInt(round) }, blobId(Buffer.of(n)), boundary);
      }
      await cache.save();
      process.stdout.write('.');
    }`;
  const given = ['--input-type=module', '-e', program, root, name, String(rounds)];
  return spawn(process.execPath, given, { stdio: ['ignore', 'pipe', 'inherit'] });
}

it('processes that load and save at once always find one complete version', async () => {
  const root = await museRoot();
  const savers = ['a', 'b', 'c'].map((name) => startSaver(root, name, 15));
  const ends = savers.map((saver) => once(saver, 'exit'));
  const state = { running: true };
  const all = Promise.all(ends).finally(() => {
    state.running = false;
  });
  const discarded = new Set<unknown>();
  const remainders = new Set<number>();
  while (state.running) {
    const cache = await StatCache.open({ root });
    discarded.add(cache.discarded);
    remainders.add(cache.size % 20);
  }
  expect((await all).map(([code]) => code as number)).toEqual([0, 0, 0]);
  expect([...discarded, ...remainders]).toEqual([undefined, 0]);
  expect(inCache(root)).toEqual(['stat.json']);
});

it('a process that is killed at any moment leaves a complete version, and what it left is swept', async () => {
  const root = await museRoot();
  for (let kill = 0; kill < 6; kill++) {
    const saver = startSaver(root, 'x', 10_000);
    const exit = once(saver, 'exit');
    if (saver.stdout) await once(saver.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, kill));
    saver.kill('SIGKILL');
    await exit;
    const cache = await StatCache.open({ root });
    expect([cache.discarded, cache.size]).toEqual([undefined, 20]);
  }
  for (const name of inCache(root)) {
    expect(name).toMatch(/^(stat\.json|\.stat_cache_[0-9a-f]{16}\.tmp)$/);
    if (name !== 'stat.json') utimesSync(join(root, '.muse/cache', name), 1, 1);
  }
  const cache = await StatCache.open({ root });
  cache.record('y', fileStat(), idOf('hello'), await cache.boundary());
  await cache.save();
  expect(inCache(root)).toEqual(['stat.json']);
});

it.runIf(process.platform !== 'win32').each([
  [0o000, 0o755, 0o644],
  [0o002, 0o755, 0o644],
  [0o077, 0o700, 0o600],
])(
  'under the umask %o a save makes a directory and a file that nobody else may write',
  async (mask, ...modes) => {
    const root = await museRoot();
    const program = `
    import { StatCache, blobId } from ${JSON.stringify(index)};
    process.umask(${mask});
    const cache = await StatCache.open({ root: process.argv[1] });
    const stat = { dev: 1n, ino: 1n, size: 1n, mtimeNs: 1n, ctimeNs: 1n };
    cache.record('a', stat, blobId(Buffer.of()), await cache.boundary());
    await cache.save();`;
    execFileSync(process.execPath, ['--input-type=module', '-e', program, root]);
    const made = ['.muse/cache', '.muse/cache/stat.json'].map(
      (path) => statSync(join(root, path)).mode & 0o777,
    );
    expect(made).toEqual(modes);
  },
);
