import { holdBelow, openLongPath, toNativePath, type Identity } from '@muse/paths';
import type { ResolvedRoot } from './resolve-root.js';
import { systemCalls } from '../scan/calls.js';

/**
 * Returns what a directory below a root is. A link is no directory, neither there nor on the way. Throws the system's
 * error, `ENOTDIR` for a link.
 */
export function identityBelow(root: ResolvedRoot, path: string): Identity {
  const held = holdBelow(root.root, path, { identity: root });
  if (!held) return lookedAtFromTheTop(root, path);
  try {
    const { dev, ino } = held.stat();
    return { dev, ino };
  } finally {
    held.close();
  }
}

function lookedAtFromTheTop(root: ResolvedRoot, path: string): Identity {
  let identity: Identity = root;
  for (let end = 0; path !== '' && end >= 0;) {
    end = path.indexOf('/', end + 1);
    identity = lstatDirectory(root.root, end < 0 ? path : path.slice(0, end));
  }
  const { dev, ino } = identity;
  return { dev, ino };
}

function lstatDirectory(root: string, path: string): Identity {
  const reached = openLongPath(toNativePath(root, path));
  try {
    const stat = systemCalls.lstat(reached.path);
    if (!stat) throw Object.assign(new Error('no such file or directory'), { code: 'ENOENT' });
    if (!stat.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    return stat;
  } finally {
    reached.close();
  }
}
