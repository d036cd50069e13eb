import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeTree, removeTree } from '@muse/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { hashFiles, type FileToHash } from './hash-files.js';

it('reads nothing on this thread while a save is under way', async () => {
  const root = await makeTree({ a: 'a', b: 'b', c: 'c' });
  onTestFinished(() => removeTree(root));
  const { dev, ino } = lstatSync(root, { bigint: true });
  const files: FileToHash[] = ['a', 'b', 'c'].map((name) => {
    const stat = lstatSync(join(root, name), { bigint: true });
    return { directory: { path: '', dev, ino }, name, path: name, size: 1, stat };
  });
  const hashed: string[] = [];
  let save: Promise<void> | undefined;
  let finish: () => void = () => undefined;
  const done = hashFiles(
    files,
    { root, pool: undefined, signal: undefined, saving: () => save },
    {
      hashed: ({ path }) => {
        hashed.push(path);
        save ??= new Promise((resolve) => {
          finish = () => {
            save = undefined;
            resolve();
          };
        });
      },
      failed: (_file, { problem }) => {
        throw new Error(problem.message);
      },
    },
  );
  await setTimeout(50);
  expect(hashed).toEqual(['a']);
  // One lane goes on; what it reads is a reason to wait again.
  while (hashed.length < files.length) {
    finish();
    await setTimeout(10);
  }
  finish();
  await done;
  expect(hashed.sort()).toEqual(['a', 'b', 'c']);
});
