/** The paths that a change lists, as a library gives them and a command prints them. */
export interface ListedPaths {
  readonly added: readonly { readonly path: string }[];
  readonly modified: readonly { readonly path: string }[];
  readonly deleted: readonly { readonly path: string }[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  readonly unknown: readonly string[];
}

/** Returns the paths that a change lists, each with what has become of it: `+new`, `~edited`, `-gone`, `from>to`, `?unknown`. */
export function changeLines({ added, modified, deleted, renamed, unknown }: ListedPaths): string[] {
  return [
    ...added.map(({ path }) => `+${path}`),
    ...modified.map(({ path }) => `~${path}`),
    ...deleted.map(({ path }) => `-${path}`),
    ...renamed.map(({ from, to }) => `${from}>${to}`),
    ...unknown.map((path) => `?${path}`),
  ];
}
