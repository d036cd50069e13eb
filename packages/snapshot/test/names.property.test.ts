import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { effort, fsencode, oracle, tempDir } from '@muse/testkit';
import { createSnapshot } from '@muse/snapshot';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { casesFor } from './support/cases.js';
import { cachedPaths, expectTruth, missesOf } from './support/trees.js';

// What the cache file escapes, what sorts around a slash, what is several bytes or none that decode.
const ATOMS = [
  'a',
  'b',
  '0',
  '-',
  '.',
  '!',
  ' ',
  '"',
  '\\',
  '\n',
  '\x7f',
  'é',
  '\uffff',
  '😀',
  '\udcff',
  '\udc80',
];

const name = fc
  .array(fc.constantFrom(...ATOMS), { minLength: 1, maxLength: 3 })
  .map((atoms) => atoms.join(''))
  .filter((text) => text !== '.' && text !== '..');

const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));

/** Milliseconds. */
const TIME = effort(1_000, 60_000);

it('a snapshot finds each file in its cache again, whatever the names, and reads exactly those that changed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(path, { minLength: 1, maxLength: 30 }),
      fc.infiniteStream(fc.boolean()),
      casesFor(TIME, async (paths, choices) => {
        await using directory = tempDir();
        const root = directory.path;
        mkdirSync(`${root}/.muse`);
        for (const wanted of paths) write(root, wanted);
        await createSnapshot(root);
        const warm = await createSnapshot(root);
        await expectTruth(root, warm);
        expect(warm.stats).toMatchObject({ hits: warm.stats.files, hashedFiles: 0, pruned: 0 });

        const files = [...(await oracle(root)).manifest.keys()];
        const touched = files.filter(() => choices.next().value);
        const removed = files.filter((file) => !touched.includes(file) && choices.next().value);
        for (const file of touched) utimesSync(native(root, file), 7, 7);
        for (const file of removed) rmSync(native(root, file));
        const after = await createSnapshot(root);
        await expectTruth(root, after);
        expect(missesOf(after)).toBe(touched.length);
        expect(after.stats.pruned).toBe(removed.length);
        expect(new Set(await cachedPaths(root))).toEqual(new Set(after.manifest.keys()));
      }),
    ),
    { numRuns: effort(200, 10_000) },
  );
});

/** Makes a file, unless a file stands where a directory is wanted, or the other way round. */
function write(root: string, wanted: string): void {
  try {
    const file = native(root, wanted);
    mkdirSync(file.subarray(0, file.lastIndexOf('/')), { recursive: true });
    writeFileSync(file, wanted);
  } catch {
    // Then the other one stays.
  }
}

function native(root: string, tree: string): Buffer {
  return fsencode(`${root}/${tree}`);
}
