const SHORT_LENGTH = 'sha256:'.length + 12;

/** Returns the beginning of an id, enough of it for a person to tell one from another, and for `muse` to find it. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_LENGTH);
}
