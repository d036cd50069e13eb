import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** All tests at full length: more cases, larger trees, longer races. See `effort()` in `@muse/testkit`. */
export default mergeConfig(
  base,
  defineConfig({ test: { env: { MUSE_NIGHTLY: '1' }, testTimeout: 1_200_000, hookTimeout: 1_200_000 } }),
);
