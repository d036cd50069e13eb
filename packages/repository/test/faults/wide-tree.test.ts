import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '@muse/paths';
import { effort, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { expectedAnswer } from './support/expected-answer.js';
import { takeSnapshot } from './support/snapshot-answer.js';

const COUNT = effort(6_000, 100_000);

/** By number; in an order that is neither that of the numbers nor that in which they are made. */
const pathOf: Record<string, (number: number) => string> = {
  'files in one directory': (number) => `wide/${number}`,
  'directories of one file each': (number) => `${number}/file`,
};

describe(`${COUNT} entries:`, () => {
  it.for(Object.entries(pathOf))('a snapshot is right, cold and warm: %s', async ([, path]) => {
    await using directory = tempDir();
    const root = directory.path;
    mkdirSync(cacheDir(root), { recursive: true });
    mkdirSync(join(root, 'wide'));
    const contents = Array.from(
      { length: COUNT },
      (_, number) => [path(number), `content ${number}`] as const,
    );
    for (const [file, content] of contents) {
      if (!file.startsWith('wide')) mkdirSync(join(root, file.slice(0, file.indexOf('/'))));
      writeFileSync(join(root, file), content);
    }
    const expected = expectedAnswer(contents);

    const cold = await takeSnapshot(root);
    expect({ code: cold.code, warnings: cold.warnings }).toEqual({ code: 0, warnings: [] });
    expect(cold.answer.id).toBe(expected.id);
    expect(cold.answer.manifest.size).toBe(COUNT);
    expect(cold.document).toMatchObject({ files: COUNT, complete: true });
    const warm = await takeSnapshot(root);
    expect(warm.answer.id).toBe(expected.id);
    expect(warm.document.stats).toMatchObject({ hits: COUNT, hashed_files: 0 });
  });
});
