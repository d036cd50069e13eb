import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSnapshot } from '@muse/snapshot';
import { nativeEngine } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { runNode } from './support/run-node.js';
import { bareTree, museTree } from './support/trees.js';

const hasNative = (await nativeEngine(undefined)) !== undefined;
const mayTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

describe.runIf(mayTrace)('a warm snapshot', () => {
  it.each([[1, 'typescript'], [2, 'typescript'], ...(hasNative ? ([[2, 'native']] as const) : [])] as const)(
    'opens no file of the tree and changes nothing under the root, with %i threads, %s',
    async (threads, engine) => {
      const files = Object.fromEntries(
        Array.from({ length: 1500 }, (_, i) => [`d${i % 30}/f${i}`, `content ${i}`]),
      );
      const root = await museTree(files);
      const log = join(await bareTree(), 'trace');
      await createSnapshot(root);
      const script = `
      const { stats } = await createSnapshot(${JSON.stringify(root)}, { threads: ${threads} });
      answer([stats.hits, stats.hashedFiles, stats.pruned]);`;
      const before = `env MUSE_ENGINE=${engine} strace -f -qq -e trace=file,ftruncate,fsync -o ${log}`;
      expect(await runNode(script, { before })).toEqual([1500, 0, 0]);
      // Everything may be named by its path, or relative to a directory.
      const isOfFile = (line: string) => /["/]f\d+"/.test(line);
      const calls = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes(root) || isOfFile(line) || /"(?:d\d+|\.)"/.test(line));
      const opened = calls.filter((line) => /\bopen(at)?\(/.test(line));
      expect(opened.filter(isOfFile)).toEqual([]);
      expect(opened.filter((line) => /O_(WRONLY|RDWR|CREAT|TRUNC)/.test(line))).toEqual([]);
      expect(
        calls.filter((line) => /\b(unlink|rename|mkdir|rmdir|link|symlink|truncate|chmod|utime)/.test(line)),
      ).toEqual([]);
      const directories = opened.filter((line) => /d\d+".*O_DIRECTORY/.test(line));
      expect(directories).toHaveLength(30);
      const statted = calls.filter((line) => /\bl?stat|statx\(/.test(line) && isOfFile(line));
      expect(statted).toHaveLength(1500);
    },
  );
});

describe.runIf(mayTrace)('a snapshot of a wide directory', () => {
  it.each(hasNative ? ['native', 'typescript'] : ['typescript'])(
    'stats each file once, with the %s engine',
    async (engine) => {
      const root = await museTree(
        Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`wide/f${i}`, ''])),
      );
      const log = join(await bareTree(), 'trace');
      const script = `
      const snapshotter = await openSnapshotter(${JSON.stringify(root)});
      await snapshotter.snapshot();
      answer((await snapshotter.snapshot()).stats.files);`;
      const before = `env MUSE_ENGINE=${engine} strace -f -qq -e trace=lstat,statx,newfstatat -o ${log}`;
      expect(await runNode(script, { before })).toBe(6000);
      const statted = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => /"(?:[^"]*\/)?f\d+", [^0]/.test(line));
      expect(new Set(statted.map((line) => /f\d+"/.exec(line)?.[0])).size).toBe(6000);
      expect(statted).toHaveLength(2 * 6000);
    },
  );
});

describe.runIf(mayTrace)('any snapshot', () => {
  it('opens no special file', async () => {
    const root = await museTree({ a: 'a' });
    spawnSync('mkfifo', [join(root, 'pipe')]);
    const log = join(await bareTree(), 'trace');
    const script = `answer((await createSnapshot(${JSON.stringify(root)})).stats.files);`;
    expect(await runNode(script, { before: `strace -f -qq -e trace=file -o ${log}` })).toBe(1);
    const calls = readFileSync(log, 'utf8').split('\n');
    expect(calls.filter((line) => /\bopen(at)?\(/.test(line) && line.includes(`${root}/pipe`))).toEqual([]);
  });
});
