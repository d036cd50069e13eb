import { effort } from '@muse/testkit';
import { nativeEngine } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { runModel, type ModelOptions } from './support/watch-model.js';

const STEPS = Number(process.env['MUSE_MODEL_STEPS'] ?? effort(400, 150_000));
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

describe.skipIf(!hasNative)('answers by events', () => {
  it.each(Object.entries(MODELS))('of %s say what a scan says', async (_, model) => {
    const seed = Number(process.env['MUSE_MODEL_SEED'] ?? 1);
    const { events, scans } = await runModel({ seed, steps: STEPS, ...model });
    expect(Math.min(events, scans)).toBeGreaterThan(1);
  });
});
