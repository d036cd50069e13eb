import { NothingToCompareError, verify as verifyTree, type Verification } from '@muse/snapshot';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import type { VerifyRequest } from '../request.js';
import { rootFailure, rootProblemIn } from '../root-failure.js';
import { systemFailure } from '../system-error.js';
import { noMuse } from '../saved-failure.js';
import { findWorkingTree } from '../working-tree.js';
import type { SnapshotContext } from './snapshot.js';

/** What reading a tree again has shown. */
export interface VerifyAnswer {
  readonly verification: Verification;
  /** Wall time, milliseconds. */
  readonly milliseconds: number;
}

/** Verifies the tree that was asked for; rejects where not even the root could be listed. */
export async function verify(request: VerifyRequest, context: SnapshotContext): Promise<VerifyAnswer> {
  const { directory, sample, threads, tree } = request;
  const started = performance.now();
  const doing = `cannot verify ${directory}`;
  const found = await findWorkingTree(directory, tree);
  const { root, subtree, hasMuse, strangers } = found;
  let verification: Verification;
  try {
    verification = await verifyTree(root, {
      subtree,
      sample,
      threads,
      ...tree,
      problems: strangers,
      ...context,
    });
  } catch (error) {
    if (error instanceof NothingToCompareError) {
      throw !hasMuse && strangers.length > 0 ? noMuse(doing, found) : nothingToCompare(doing, hasMuse);
    }
    throw rootFailure(doing, error);
  }
  const rootProblem = rootProblemIn(verification.problems);
  if (rootProblem) throw systemFailure(doing, rootProblem);
  return { verification, milliseconds: performance.now() - started };
}

function nothingToCompare(doing: string, hasMuse: boolean): CommandError {
  const first = hasMuse ? "run 'muse snapshot' first" : "run 'muse init' and 'muse snapshot' first";
  return new CommandError(
    ExitCode.failed,
    `${doing}: the cache has none of its files, so that there is nothing to compare with`,
    first,
  );
}
