/** Whether tests may take their time: `pnpm test:nightly` says so. */
export const nightly = process.env['MUSE_NIGHTLY'] === '1';

/** Returns how much a test does: little where everybody waits for it, a lot at night. */
export function effort<T>(quick: T, thorough: T): T {
  return nightly ? thorough : quick;
}
