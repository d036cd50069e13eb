import type { Contestant } from '../contestants/contestant.js';
import { fromDisk } from '../contestants/from-disk.js';
import { hashProgram } from '../contestants/hash-program.js';
import { museCommands } from '../contestants/our-contestants.js';
import type { PeerName } from '../peers.js';
import type { BenchTree } from '../trees/bench-tree.js';

/**
 * Everything is read and hashed, and comes from the disk. The floor takes no part: it asks for one file a core at a time,
 * which keeps a disk waiting, so that others undercut it.
 */
export function diskCase(tree: BenchTree, peers: ReadonlySet<PeerName>): Contestant[] {
  return [
    ...museCommands(tree, { case: 'disk', reads: tree.files }),
    ...(peers.has('sha256sum') ? [hashProgram(tree, 'sha256sum', 'disk')] : []),
    ...(peers.has('b3sum') ? [hashProgram(tree, 'b3sum', 'disk')] : []),
  ].map((contestant) => fromDisk(tree, contestant));
}
