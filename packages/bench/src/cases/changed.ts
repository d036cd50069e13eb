import type { Contestant } from '../contestants/contestant.js';
import { GIT, gitAdd, gitStatus } from '../contestants/git-contestants.js';
import { fillCache, museCommands, museLibrary } from '../contestants/our-contestants.js';
import type { PeerName } from '../peers.js';
import type { BenchTree } from '../trees/bench-tree.js';
import { editFiles, letSettle, touchFiles } from '../trees/edits.js';

type ChangedCase = 'ten' | 'percent' | 'touched';

const TEN = 10;

/**
 * Some files were edited since the last snapshot, or all were touched. Before each run the contestant takes in what others
 * left, so that it finds its own edits and no more.
 */
export function changedCase(
  tree: BenchTree,
  caseName: ChangedCase,
  peers: ReadonlySet<PeerName>,
): Contestant[] {
  const count = { ten: Math.min(TEN, tree.files), percent: Math.ceil(tree.files / 100), touched: tree.files };
  const reads = count[caseName];
  const edit = () => {
    if (caseName === 'touched') touchFiles(tree);
    else editFiles(tree, reads);
    letSettle(tree);
  };
  const ours = {
    case: caseName,
    prepare: () => {
      // Whoever is about to touch everything need not know it before.
      if (caseName !== 'touched') fillCache(tree);
      edit();
    },
    reads,
  };
  const git = gitStatus(tree, GIT, caseName, () => {
    gitAdd(tree);
    edit();
  });
  return [museLibrary(tree, ours), ...museCommands(tree, ours), ...(peers.has('git') ? [git] : [])];
}
