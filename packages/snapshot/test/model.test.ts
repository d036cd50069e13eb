import fc from 'fast-check';
import { effort, SimFs } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { Adversary, EDIT_KINDS, type Edit, PATHS } from './support/adversary.js';
import { bytesStorage, openSimCache, takeSimSnapshot } from './support/sim-snapshot.js';

const RUNS = effort(150, 10_000);

const edit = fc.record<Edit>({
  after: fc.nat(12),
  kind: fc.constantFrom(...EDIT_KINDS),
  path: fc.nat(PATHS.length - 1),
  other: fc.nat(PATHS.length - 1),
  amount: fc.nat(60),
});

const scenario = fc.record({
  tickNs: fc.constantFrom(1n, 4_000_000n, 1_000_000_000n, 2_000_000_000n),
  callNs: fc.constantFrom(1_000n, 300_000n, 3_000_000n),
  readBytes: fc.integer({ min: 1, max: 16 }),
  edits: fc.array(edit, { maxLength: 25 }),
  snapshots: fc.integer({ min: 1, max: 3 }),
  reload: fc.boolean(),
  restore: fc.boolean(),
  pauseMs: fc.constantFrom(0n, 1n, 30n, 5_000n),
});

const fault = fc.record({
  call: fc.constantFrom('lstat', 'readdir', 'open', 'fstat', 'read'),
  code: fc.constantFrom('EACCES', 'EIO', 'EMFILE', 'ENOMEM', 'ESTALE', 'ENAMETOOLONG'),
  /** The calls of that kind that succeed before, and those that fail then. */
  after: fc.nat(12),
  times: fc.integer({ min: 1, max: 4 }),
});

describe('a snapshot of a tree that is edited between any two system calls', () => {
  it('holds only what was there, and tells the truth in the first run after the last edit', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ edits, snapshots, reload, restore, pauseMs, ...options }) => {
        const sim = new SimFs(options);
        const adversary = new Adversary(sim, edits);
        const storage = bytesStorage(sim);
        let cache = await openSimCache(sim, storage);
        for (let i = 0; i < snapshots; i++) {
          adversary.begin();
          const { manifest } = await takeSimSnapshot(sim, cache);
          for (const [path, id] of manifest)
            expect([path, adversary.wasTrue(path, id)]).toEqual([path, true]);
          expect(sim.openDescriptors).toBe(0);
          if (reload) cache = await openSimCache(sim, storage);
        }
        adversary.finish();
        if (restore) {
          storage.restoreFirst();
          cache = await openSimCache(sim, storage);
        }
        sim.nowNs += pauseMs * 1_000_000n;
        const truth = adversary.truth();
        for (let i = 0; i < 2; i++) {
          const last = await takeSimSnapshot(sim, cache);
          expect(new Map(last.manifest)).toEqual(truth);
          expect(last.complete).toBe(true);
          cache = await openSimCache(sim, storage);
        }
        expect(adversary.readOutside).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a snapshot whose system calls fail', () => {
  it('names each file that it does not hold, and calls itself complete only when there is none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 1, maxLength: 3 }), async (faults) => {
        const sim = new SimFs({ tickNs: 1n, callNs: 1000n, readBytes: 4 });
        const adversary = new Adversary(sim, []);
        const truth = adversary.truth();
        const counts = new Map<string, number>();
        sim.fault = (call) => {
          const count = counts.get(call) ?? 0;
          counts.set(call, count + 1);
          return faults.find((at) => at.call === call && count >= at.after && count < at.after + at.times)
            ?.code;
        };
        const { manifest, problems, complete } = await takeSimSnapshot(sim, undefined);
        const unseen = problems.map(({ path }) => path);
        for (const [path, id] of truth) {
          const named = unseen.some((at) => at === '' || path === at || path.startsWith(`${at}/`));
          expect([path, manifest.get(path) ?? named]).toEqual([path, manifest.has(path) ? id : true]);
        }
        expect(complete).toBe(problems.length === 0);
        expect(manifest.size).toBeLessThanOrEqual(truth.size);
        expect(sim.openDescriptors).toBe(0);
      }),
      { numRuns: RUNS },
    );
  });
});
