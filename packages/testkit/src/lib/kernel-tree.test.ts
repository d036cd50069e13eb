import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kernelTree } from './kernel-tree.js';
import { oracle } from './oracle.js';
import { tempDir } from './temp-dir.js';

test('kernelTree makes the same tree for the same seed', async () => {
  await using dir = tempDir();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(dir.path, name)) as [string, string, string];
  const stats = kernelTree({ root: a, files: 900, seed: 7 });
  expect(kernelTree({ root: b, files: 900, seed: 7 })).toEqual(stats);
  kernelTree({ root: c, files: 900, seed: 8 });
  const answer = await oracle(a);
  expect(answer.id).toBe((await oracle(b)).id);
  expect(answer.id).not.toBe((await oracle(c)).id);
  expect(answer.manifest.size).toBe(900);
  expect(stats).toMatchObject({ files: 900, directories: 60 });
  expect(stats.bytes / stats.files).toBeGreaterThan(8_000);
  expect(stats.bytes / stats.files).toBeLessThan(32_000);
});

test('kernelTree gives every file the size asked for', async () => {
  await using dir = tempDir();
  expect(kernelTree({ root: dir.path, files: 20, fileBytes: 100 }).bytes).toBe(2000);
  expect(kernelTree({ root: join(dir.path, 'none'), files: 0 })).toEqual({
    files: 0,
    directories: 0,
    bytes: 0,
  });
});
