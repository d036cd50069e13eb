import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '@muse/paths';
import { giveToOrdinaryUser, makeTree, tempDir } from '@muse/testkit';
import { describe, it } from 'vitest';
import { expectedAnswer } from './support/expected-answer.js';
import { engines, noOrdinaryUser } from './support/muse-process.js';
import { takeSnapshot } from './support/snapshot-answer.js';

const rest = { 'a.txt': 'a', 'z/z.txt': 'z' };
const hidden = { 'm/one.txt': '1', 'm/two.txt': '2', 'm/n/three.txt': '3' };
const all = expectedAnswer(Object.entries({ ...rest, ...hidden }));

interface Case {
  /** What loses its permissions. */
  readonly path: string;
  readonly mode: number;
  /** The paths of the problems. */
  readonly named: readonly string[];
  /** What is still in the manifest. */
  readonly seen: Readonly<Record<string, string>>;
  /** Of the five files, those that are a hit once the permissions are back: `chmod` moves a file's own ctime. */
  readonly hits: number;
}

const { 'm/one.txt': one, ...notOne } = { ...rest, ...hidden };
const cases: Record<string, Case> = {
  'a file': { path: 'm/one.txt', mode: 0, named: ['m/one.txt'], seen: notOne, hits: 4 },
  'a directory': { path: 'm', mode: 0, named: ['m'], seen: rest, hits: 5 },
  'a directory that may be listed but not entered': {
    path: 'm',
    mode: 0o444,
    named: ['m/n', 'm/one.txt', 'm/two.txt'],
    seen: rest,
    hits: 5,
  },
  'a directory that may be entered but not listed': {
    path: 'm',
    mode: 0o111,
    named: ['m'],
    seen: rest,
    hits: 5,
  },
  'a directory that may be written to but not entered': {
    path: 'm/n',
    mode: 0o222,
    named: ['m/n'],
    seen: { ...rest, 'm/one.txt': one, 'm/two.txt': '2' },
    hits: 5,
  },
};

describe.each(engines)('for an ordinary user, with the %s engine,', (engine) => {
  const asUser = { ordinary: true, engine };

  it.concurrent.for(Object.entries(cases))(
    'what may not be read is named, and keeps its cache: %s',
    async ([, test], { expect, skip }) => {
      skip(noOrdinaryUser !== undefined, noOrdinaryUser);
      await using directory = tempDir();
      const root = await makeTree({ ...rest, ...hidden }, directory.path);
      mkdirSync(cacheDir(root), { recursive: true });
      await giveToOrdinaryUser(root);
      expect(await takeSnapshot(root, asUser)).toMatchObject({ code: 0, answer: all });

      chmodSync(join(root, test.path), test.mode);
      const lacking = await takeSnapshot(root, asUser);
      expect(lacking).toMatchObject({
        code: 3,
        answer: expectedAnswer(Object.entries(test.seen)),
        warnings: [],
      });
      const { complete, problems, stats } = lacking.document;
      expect(complete).toBe(false);
      expect(problems).toMatchObject(
        test.named.map((path) => ({ path, kind: 'unreadable', code: 'EACCES' })),
      );
      for (const path of test.named)
        expect(lacking.stderr).toMatch(new RegExp(`^muse: ${path}: cannot .*EACCES`, 'm'));
      expect(stats).toMatchObject({ pruned: 0, hits: Object.keys(test.seen).length });

      chmodSync(join(root, test.path), 0o755);
      const mended = await takeSnapshot(root, asUser);
      expect(mended).toMatchObject({ code: 0, answer: all });
      expect(mended.document.stats).toMatchObject({ hits: test.hits, pruned: 0 });
    },
  );
});
