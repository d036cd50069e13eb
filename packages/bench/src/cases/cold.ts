import type { Contestant } from '../contestants/contestant.js';
import { gitHashObject } from '../contestants/git-contestants.js';
import { hashProgram } from '../contestants/hash-program.js';
import { libraryPeer } from '../contestants/library-peer.js';
import { forgetCache, museCommand, museLibrary } from '../contestants/our-contestants.js';
import type { PeerName } from '../peers.js';
import type { BenchTree } from '../trees/bench-tree.js';

/** Files up to which a library that takes a millisecond for each is no trouble. */
const SMALL = 5000;

/** Everything is read and hashed, from the page cache. */
export function coldCase(tree: BenchTree, peers: ReadonlySet<PeerName>, slowToo: boolean): Contestant[] {
  const cold = {
    case: 'cold',
    prepare: () => {
      forgetCache(tree);
    },
    reads: tree.files,
  } as const;
  const small = tree.files <= SMALL;
  return [
    museLibrary(tree, cold),
    museCommand(tree, cold),
    ...(peers.has('sha256sum') ? [hashProgram(tree, 'sha256sum', 'cold')] : []),
    ...(peers.has('b3sum') ? [hashProgram(tree, 'b3sum', 'cold')] : []),
    ...(peers.has('git-hash-object') ? [gitHashObject(tree, 'cold')] : []),
    ...(peers.has('glob-hasher') ? [libraryPeer(tree, 'glob-hasher', 'cold')] : []),
    ...(peers.has('folder-hash') && (small || slowToo)
      ? [libraryPeer(tree, 'folder-hash', 'cold', { once: !small })]
      : []),
  ];
}
