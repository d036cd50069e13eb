import type { Contestant } from '../contestants/contestant.js';
import { coldFloor } from '../contestants/floor.js';
import { gitHashObject } from '../contestants/git-contestants.js';
import { hashProgram } from '../contestants/hash-program.js';
import { libraryPeer } from '../contestants/library-peer.js';
import { forgetCache, museCommands, museLibrary } from '../contestants/our-contestants.js';
import type { PeerName } from '../peers.js';
import type { BenchTree } from '../trees/bench-tree.js';

/** One large file is read whole: no number of threads shortens SHA-256 of one file. */
export function largeFileCase(tree: BenchTree, peers: ReadonlySet<PeerName>): Contestant[] {
  const cold = {
    case: 'file',
    prepare: () => {
      forgetCache(tree);
    },
    reads: 1,
  } as const;
  return [
    museLibrary(tree, cold),
    ...museCommands(tree, cold),
    ...(peers.has('floor') ? [coldFloor(tree, 'file')] : []),
    ...(peers.has('sha256sum') ? [hashProgram(tree, 'sha256sum', 'file')] : []),
    ...(peers.has('b3sum') ? [hashProgram(tree, 'b3sum', 'file')] : []),
    ...(peers.has('git-hash-object') ? [gitHashObject(tree, 'file')] : []),
    ...(peers.has('glob-hasher') ? [libraryPeer(tree, 'glob-hasher', 'file')] : []),
  ];
}
