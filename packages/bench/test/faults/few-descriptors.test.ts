import { kernelTree, oracle, removeTree, tempDir, type OracleAnswer } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PATIENCE_MS } from './support/effort.js';
import { muse, type Ended } from './support/muse-process.js';
import { takeSnapshot } from './support/snapshot-answer.js';

const { path: root } = tempDir();
let expected: OracleAnswer;

beforeAll(async () => {
  kernelTree({ root, files: 4000, fileBytes: 100 });
  expected = await oracle(root);
});

afterAll(() => removeTree(root));

describe.runIf(process.platform !== 'win32')('with few open files allowed', { timeout: PATIENCE_MS }, () => {
  it.for(['1', '2'])('a snapshot by %s threads is right with 64', async (threads) => {
    const { code, answer } = await takeSnapshot(root, {
      args: ['--threads', threads],
      before: 'ulimit -n 64',
    });
    expect({ code, ...answer }).toEqual({ code: 0, ...expected });
  });

  it.for([100, 64])(
    'a snapshot with %i, too few for sixteen threads, is right or fails in one line',
    async (limit) => {
      const { code, stdout, stderr } = await withLimit(limit, ['--threads', '16']);
      if (code === 0) {
        expect({ stdout, stderr }).toEqual({ stdout: `${expected.id}\n`, stderr: '' });
      } else {
        expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
        expect(stderr).toMatch(/^muse: cannot take a snapshot of [^\n]*\n$/);
      }
    },
  );

  // It hangs, and its memory grows: the handler of the last resort imports modules, fails and is called for that again.
  it.skip.for([46, 40, 32, 24])(
    'a snapshot with %i, too few for Node to load the program, fails in one line',
    async (limit) => {
      const { code, stdout, stderr } = await withLimit(limit, []);
      expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
      expect(stderr).toMatch(/^muse: [^\n]*EMFILE[^\n]*\n$/);
    },
  );

  it.for([16, 8])('with %i, too few for Node itself, nothing is answered', async (limit) => {
    const { code, stdout } = await withLimit(limit, []);
    expect(stdout).toBe('');
    expect(code).not.toBe(0);
  });
});

function withLimit(limit: number, args: readonly string[]): Promise<Ended> {
  return muse(['snapshot', '--quiet', ...args, root], { before: `ulimit -n ${limit}`, patience: 20_000 });
}
