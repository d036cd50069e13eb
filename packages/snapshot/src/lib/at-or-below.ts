/** Returns whether a tree path, or a directory above it, is among these; `''` stands for the root. */
export function isAtOrBelow(paths: ReadonlySet<string>, path: string): boolean {
  if (paths.size === 0) return false;
  if (paths.has('')) return true;
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (paths.has(path.slice(0, end))) return true;
  }
  return false;
}
