import { defineConfig } from 'vitest/config';

// The limits are against hanging, not measures: a busy machine takes ten times as long as a quiet one. Two workers take a
// quarter less than the one that vitest starts on two processors.
export default defineConfig({
  test: {
    include: ['**/{src,test}/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
