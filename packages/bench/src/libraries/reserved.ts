/** What Muse leaves out at every depth, and so do the others here. */
export const RESERVED = ['.muse', '.git'];

export function isReserved(name: string): boolean {
  return RESERVED.includes(name);
}
