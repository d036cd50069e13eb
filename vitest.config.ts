import { defineConfig } from 'vitest/config';

// Limits against hanging, not measures: a busy machine takes ten times as long as a quiet one.
export default defineConfig({
  test: { include: ['**/{src,test}/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
});
