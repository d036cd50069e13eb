/** True if tests may take their time, under `pnpm test:nightly`. */
export const nightly = process.env['MUSE_NIGHTLY'] === '1';

/** Returns how much a test does: little where everybody waits for it, a lot at night. */
export function effort<T>(quick: T, thorough: T): T {
  return nightly ? thorough : quick;
}
