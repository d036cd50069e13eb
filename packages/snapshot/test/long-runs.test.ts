import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freshDist } from '@muse/testkit';
import { createSnapshot } from '@muse/snapshot';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cachedPaths, expectTruth, museTree } from './support/trees.js';

const slowRun = fileURLToPath(new URL('support/slow-run.js', import.meta.url));
const FILES = 200;
freshDist('@muse/snapshot');

function manyFiles(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: FILES }, (_, n) => [`f${n}`, `content ${n}`]));
}

/** Starts a snapshot that hashes some 100 files a second and saves every 150 ms, and kills it after so many saves. */
async function killedAfterSaves(root: string, saves: number): Promise<void> {
  const file = join(root, '.muse/cache/stat.json');
  const run = spawn(process.execPath, [slowRun, root], { stdio: 'inherit' });
  onTestFinished(() => void run.kill('SIGKILL'));
  const ended = once(run, 'exit');
  const seen = new Set(existsSync(file) ? [readFileSync(file, 'utf8')] : []);
  const wanted = seen.size + saves;
  while (run.exitCode === null && seen.size < wanted) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (existsSync(file)) seen.add(readFileSync(file, 'utf8'));
  }
  run.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
}

describe('a run that is killed', () => {
  it('goes on from its last save in the next run, however often that happens', async () => {
    const root = await museTree(manyFiles());
    let known = 0;
    for (const saves of [1, 2, 1]) {
      await killedAfterSaves(root, saves);
      const cached = await cachedPaths(root);
      expect(cached.length).toBeGreaterThan(known);
      expect(cached.length).toBeLessThan(FILES);
      known = cached.length;
    }
    const snapshot = await createSnapshot(root);
    expect(snapshot.stats).toMatchObject({ hits: known, hashedFiles: FILES - known });
    await expectTruth(root, snapshot);
    expect((await createSnapshot(root)).stats).toMatchObject({ hits: FILES, hashedFiles: 0 });
  });

  it('has taken no file for gone, and trusted none that changed', async () => {
    const root = await museTree({ ...manyFiles(), gone: 'gone', edited: 'before' });
    await createSnapshot(root);
    unlinkSync(join(root, 'gone'));
    for (const name of readdirSync(root).filter((name) => name.startsWith('f')))
      writeFileSync(join(root, name), `${name} changed`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await killedAfterSaves(root, 1);
    expect(await cachedPaths(root)).toContain('gone');
    writeFileSync(join(root, 'edited'), 'after_');
    await expectTruth(root, await createSnapshot(root));
    expect(await cachedPaths(root)).not.toContain('gone');
  });
});
