import { verify as verifyTree, type Verification } from '@muse/snapshot';
import type { VerifyRequest } from '../request.js';
import { rootFailure, rootProblemIn } from '../root-failure.js';
import { systemFailure } from '../system-error.js';
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
  let verification: Verification;
  try {
    const { root, subtree } = await findWorkingTree(directory, context.logger);
    verification = await verifyTree(root, {
      subtree,
      sample,
      threads,
      ...tree,
      ...context,
    });
  } catch (error) {
    throw rootFailure(doing, error);
  }
  const rootProblem = rootProblemIn(verification.problems);
  if (rootProblem) throw systemFailure(doing, rootProblem);
  return { verification, milliseconds: performance.now() - started };
}
