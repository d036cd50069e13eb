import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { effort, repository } from '@muse/testkit';
import { nativeEngine } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { runModel, type ModelOptions } from './support/watch-model.js';

const STEPS = Number(process.env['MUSE_MODEL_STEPS'] ?? effort(250, 40_000));
const hasNative = (await nativeEngine(undefined)) !== undefined;

const MODELS: Record<string, Omit<ModelOptions, 'seed' | 'steps'>> = {
  'a tree': { scanEvery: 5 },
  'a tree without a cache': { options: { cache: false } },
  'a tree that is edited during questions': { during: true },
  'a tree that is audited all the time': { auditMs: 5, waits: 0.3, scanEvery: 5 },
  'a tree with rules': { world: { rules: true, links: false }, options: { gitignore: true } },
  'a tree that loses and gains rights': { world: { modes: true, links: false } },
  'a subtree': { world: { links: false }, options: { subtree: 'a', oneFileSystem: true } },
};

const MODELS_THAT_MOUNT: typeof MODELS = {
  'a tree in which file systems are mounted': { world: { mounts: true } },
};
/** Set in a process that has mounts of its own. */
const isMounting = process.env['MUSE_MODEL_MOUNTS'] === '1';
const canMount = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

describe.skipIf(!hasNative)('answers by events', () => {
  it.skipIf(!canMount || isMounting)(
    'of a tree in which file systems are mounted say what a scan says',
    async () => {
      const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
      const args = ['-Urm', process.execPath, vitest, 'run', '--testTimeout=1200000'];
      args.push(fileURLToPath(import.meta.url));
      const { stdout } = await promisify(execFile)('unshare', args, {
        cwd: repository,
        env: { ...process.env, MUSE_MODEL_MOUNTS: '1' },
      });
      expect(stdout).toMatch(/1 passed/);
    },
  );

  it.each(Object.entries(isMounting ? MODELS_THAT_MOUNT : MODELS))(
    'of %s say what a scan says',
    async (_, model) => {
      const seed = Number(process.env['MUSE_MODEL_SEED'] ?? 1);
      const { events, scans } = await runModel({ seed, steps: STEPS, ...model });
      expect(Math.min(events, scans)).toBeGreaterThan(1);
    },
  );
});
