import type { Called } from '../children/reports.js';

/** Does with a whole tree what a library is there for. */
export type LibraryCall = (root: string) => Promise<Called>;

const loaders: Readonly<Record<string, () => Promise<{ call: LibraryCall }>>> = {
  muse: () => import('./muse.js'),
  fdir: () => import('./fdir.js'),
  'fs.walk': () => import('./fs-walk.js'),
  'glob-hasher': () => import('./glob-hasher.js'),
  'folder-hash': () => import('./folder-hash.js'),
};

/** Loads a library by the name it has here. Rejects when it is not installed or does not work on this system. */
export async function loadLibrary(name: string): Promise<LibraryCall> {
  const load = loaders[name];
  if (!load) throw new RangeError(`Cannot load "${name}": there is no such library`);
  return (await load()).call;
}
