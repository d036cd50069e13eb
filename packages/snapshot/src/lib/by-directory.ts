import { PathMap } from '@muse/paths';
/** Groups paths by the directory that they are in, so that it is listed once for all of them. */
export function byDirectory(paths: Iterable<string>): Map<string, string[]> {
  const groups = new PathMap<string[]>();
  for (const path of paths) {
    const directory = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    const group = groups.get(directory);
    if (group) group.push(path);
    else groups.set(directory, [path]);
  }
  return groups;
}
