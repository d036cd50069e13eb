import { nativeEngine } from '@muse/walker/scan';
import { afterEach, beforeEach, describe, vi } from 'vitest';

/** The engines that this system has. */
const engines = (await nativeEngine(undefined)) ? ['native', 'typescript'] : ['typescript'];

/** Declares the same tests for each engine. */
export function describeEachEngine(tests: () => void): void {
  describe.each(engines)('with the %s engine:', (engine) => {
    beforeEach(() => {
      vi.stubEnv('MUSE_ENGINE', engine);
    });
    afterEach(() => {
      vi.unstubAllEnvs();
    });
    tests();
  });
}
