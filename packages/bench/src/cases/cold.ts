import type { Contestant } from '../contestants/contestant.js';
import { coldFloor } from '../contestants/floor.js';
import { gitHashObject } from '../contestants/git-contestants.js';
import { hashProgram } from '../contestants/hash-program.js';
import { libraryPeer } from '../contestants/library-peer.js';
import { forgetCache, museCommands, museLibrary } from '../contestants/our-contestants.js';
import type { PeerName } from '../peers.js';
import { isSmall, type BenchTree } from '../trees/bench-tree.js';

/** Everything is read and hashed, from the page cache. */
export function coldCase(tree: BenchTree, peers: ReadonlySet<PeerName>, slowToo: boolean): Contestant[] {
  const cold = {
    case: 'cold',
    prepare: () => {
      forgetCache(tree);
    },
    reads: tree.files,
  } as const;
  const small = isSmall(tree);
  return [
    museLibrary(tree, cold),
    ...museCommands(tree, cold),
    ...(peers.has('floor') ? [coldFloor(tree, 'cold')] : []),
    ...(peers.has('sha256sum') ? [hashProgram(tree, 'sha256sum', 'cold')] : []),
    ...(peers.has('b3sum') ? [hashProgram(tree, 'b3sum', 'cold')] : []),
    ...(peers.has('git-hash-object') ? [gitHashObject(tree, 'cold')] : []),
    ...(peers.has('glob-hasher') ? [libraryPeer(tree, 'glob-hasher', 'cold')] : []),
    ...(peers.has('folder-hash') && (small || slowToo)
      ? [libraryPeer(tree, 'folder-hash', 'cold', { once: !small })]
      : []),
  ];
}
