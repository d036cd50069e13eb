import type { Contestant } from '../contestants/contestant.js';
import { warmFloor } from '../contestants/floor.js';
import { GIT, GIT_UNTRACKED_CACHE, gitStatus } from '../contestants/git-contestants.js';
import { libraryPeer } from '../contestants/library-peer.js';
import { museCommands, museLibrary, museLiving, nodeAlone } from '../contestants/our-contestants.js';
import type { PeerName } from '../peers.js';
import { isSmall, type BenchTree } from '../trees/bench-tree.js';

/** Nothing changed since the last snapshot. The peers that only list and stat show what that alone costs. */
export function warmCase(tree: BenchTree, peers: ReadonlySet<PeerName>): Contestant[] {
  const warm = { case: 'warm', reads: 0 } as const;
  return [
    museLibrary(tree, warm),
    museLiving(tree),
    ...museCommands(tree, warm),
    ...(peers.has('floor') ? [warmFloor(tree, 'warm')] : []),
    ...(peers.has('git') ? [gitStatus(tree, GIT, 'warm')] : []),
    ...(peers.has('git-untracked-cache') ? [gitStatus(tree, GIT_UNTRACKED_CACHE, 'warm')] : []),
    ...(peers.has('fdir') ? [libraryPeer(tree, 'fdir', 'warm', { name: 'fdir and lstatSync' })] : []),
    ...(peers.has('fs.walk') ? [libraryPeer(tree, 'fs.walk', 'warm', { name: 'fs.walk with stats' })] : []),
    ...(isSmall(tree) ? [nodeAlone('warm')] : []),
  ];
}

/** The same, to be run while another process keeps a processor busy. */
export function busyCase(tree: BenchTree, peers: ReadonlySet<PeerName>): Contestant[] {
  return [
    ...museCommands(tree, { case: 'busy', reads: 0 }),
    ...(peers.has('floor') ? [warmFloor(tree, 'busy')] : []),
    ...(peers.has('git') ? [gitStatus(tree, GIT, 'busy')] : []),
  ];
}
