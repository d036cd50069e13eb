import { mkdirSync } from 'node:fs';
import { cacheDir } from '@muse/paths';
import { effort, makeDeepChain, nightly, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { expectedAnswer } from './support/expected-answer.js';
import { engines } from './support/muse-process.js';
import { takeSnapshot } from './support/snapshot-answer.js';

const DEPTH = effort(800, 2000);
const names = {
  'far beyond PATH_MAX': '\u{1f4c1}'.repeat(10),
  ...(nightly && { 'about as long as PATH_MAX': 'd', 'farther beyond PATH_MAX': 'long-'.repeat(40) }),
};

describe.runIf(process.platform === 'linux').each(engines)(
  `${DEPTH} directories deep, with the %s engine,`,
  (engine) => {
    it.for(Object.entries(names))('a snapshot is right, cold and warm: %s', async ([, name]) => {
      await using directory = tempDir();
      const root = directory.path;
      mkdirSync(cacheDir(root), { recursive: true });
      makeDeepChain(root, { depth: DEPTH, name, leaf: 'leaf' });
      const expected = expectedAnswer([[`${`${name}/`.repeat(DEPTH)}leaf`, 'leaf']]);

      const cold = await takeSnapshot(root, { engine });
      expect({ code: cold.code, warnings: cold.warnings }).toEqual({ code: 0, warnings: [] });
      expect(cold.answer.id).toBe(expected.id);
      expect(cold.answer.manifest).toEqual(expected.manifest);
      const warm = await takeSnapshot(root, { engine });
      expect(warm.answer.id).toBe(expected.id);
      expect(warm.document.stats).toMatchObject({ hits: 1, hashed_files: 0 });
    });
  },
);
