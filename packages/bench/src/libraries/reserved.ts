/** The names that Muse, and here the others too, leave out at every depth. */
export const RESERVED = ['.muse', '.git'];

export function isReserved(name: string): boolean {
  return RESERVED.includes(name);
}
