import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Snapshot, SnapshotDiff } from '@muse/snapshot';
import { blobId } from '@muse/stat-cache';
import { freshDist, oracle } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { bareTree, museTree } from './support/trees.js';

const home = join(freshDist('@muse/snapshot'), '..');
const readme = readFileSync(join(home, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```js\n([^]*?)```/g)].map(([, code = '']) => code);

/** Writes an example to a directory in which the package is installed. */
async function installed(index: number): Promise<{ directory: string; file: string }> {
  const directory = await bareTree();
  mkdirSync(join(directory, 'node_modules/@muse'), { recursive: true });
  symlinkSync(home, join(directory, 'node_modules/@muse/snapshot'));
  const file = join(directory, 'example.mjs');
  writeFileSync(file, examples[index] ?? '');
  return { directory, file };
}

describe('README.md', () => {
  it('begins with the description of the package', () => {
    const { description } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
      description: string;
    };
    expect(readme).toContain(`# @muse/snapshot\n\n${description}\n`);
    expect(examples).toHaveLength(4);
  });

  it('has a main example that runs', async () => {
    const { directory, file } = await installed(0);
    const env = { ...process.env, TMPDIR: directory };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { env });
    const { id } = await oracle(await bareTree({ 'a.txt': 'hello' }));
    const objectId = blobId(Buffer.from('hello'));
    const renamed = `[\n  {\n    from: 'a.txt',\n    to: 'b.txt',\n    objectId: '${objectId}'\n  }\n]`;
    expect([stdout, stderr]).toEqual([`${id}\n${objectId}\n${renamed}\n`, '']);
  });

  it('has an example that watches', async () => {
    const { file } = await installed(1);
    const { watch } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      watch: (root: string, changes: Iterable<number>, report: (snapshot: Snapshot) => void) => Promise<void>;
    };
    const root = await museTree({ a: 'a' });
    const hits: number[] = [];
    await watch(root, [1, 2, 3], ({ stats }) => hits.push(stats.hits));
    expect(hits).toEqual([0, 1, 1]);
  });

  it('has an example that builds what changed', async () => {
    const { file } = await installed(2);
    type Built = (
      root: string,
      directory: string,
      cache: Map<string, number>,
      build: (directory: string) => number,
    ) => Promise<number>;
    const { built } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { built: Built };
    const root = await museTree({ p: { a: 'a' }, q: { b: 'b' } });
    const cache = new Map<string, number>();
    let builds = 0;
    const build = (): number => ++builds;
    expect(await built(root, 'p', cache, build)).toBe(1);
    writeFileSync(join(root, 'q/b'), 'other');
    expect(await built(root, 'p', cache, build)).toBe(1);
    writeFileSync(join(root, 'p/a'), 'other');
    expect(await built(root, 'p', cache, build)).toBe(2);
    writeFileSync(join(root, 'p/a'), 'a');
    expect(await built(root, 'p', cache, build)).toBe(1);
  });

  it('has an example that compares with what was saved', async () => {
    const { file } = await installed(3);
    const { changedSinceLastTime } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      changedSinceLastTime: (root: string) => Promise<SnapshotDiff | undefined>;
    };
    const root = await museTree({ a: 'a' });
    expect(await changedSinceLastTime(root)).toBeUndefined();
    writeFileSync(join(root, 'b'), 'b');
    expect(await changedSinceLastTime(root)).toMatchObject({ added: [{ path: 'b' }] });
    expect(await changedSinceLastTime(root)).toMatchObject({ added: [], deleted: [] });
  });
});
