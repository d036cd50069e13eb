import {
  NothingToCompareError,
  verify as verifyTree,
  verifyManifest,
  type DamagedSnapshot,
  type ManifestVerification,
  type ParsedSnapshot,
  type RuleText,
  type Verification,
} from '@muse/snapshot';
import { CommandError, usageError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import type { VerifyRequest } from '../request.js';
import { rootFailure, rootProblemIn } from '../root-failure.js';
import { systemFailure } from '../system-error.js';
import { noMuse } from '../saved-failure.js';
import { findWorkingTree } from '../working-tree.js';
import type { CompareContext } from './compare.js';
import { findOperands, type Operand } from './operand.js';
import { commonPart, judgedAlike, optionsOf, reRooted } from './same-part.js';

/** What reading a tree again has shown. */
export interface VerifyAnswer {
  readonly verification: Verification | ManifestVerification;
  /** What it was compared with instead of the cache. */
  readonly against: Operand | undefined;
  /** Damaged saved snapshots that were passed over. */
  readonly damaged: readonly DamagedSnapshot[];
  /** Wall time, milliseconds. */
  readonly milliseconds: number;
}

/** Verifies the tree that was asked for; rejects where not even the root could be listed. */
export async function verify(request: VerifyRequest, context: CompareContext): Promise<VerifyAnswer> {
  const { directory, sample, threads, tree, against } = request;
  const started = performance.now();
  if (against !== undefined) return verifyAgainst(against, request, context, started);
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
  return { verification, against: undefined, damaged: [], milliseconds: performance.now() - started };
}

/** Compares with a saved snapshot or a manifest instead. */
async function verifyAgainst(
  against: string,
  { directory, sample, threads, tree: told }: VerifyRequest,
  context: CompareContext,
  started: number,
): Promise<VerifyAnswer> {
  const { logger } = context;
  const doing = `cannot verify ${directory}`;
  const tree = await findWorkingTree(directory, told);
  if (tree.error !== undefined) throw systemFailure(doing, tree.error);
  const [named] = await findOperands([against], told, context, tree);
  if (!named || named.is === 'directory') {
    throw usageError(
      `cannot verify against ${against}: it is a directory`,
      'name a saved snapshot, or a manifest',
    );
  }
  const saved = named.is === 'saved' ? named.saved : undefined;
  const part = named.is === 'saved' ? commonPart(named.saved, named.tree, tree) : undefined;
  const subtree = part ?? tree.subtree;
  if (subtree !== tree.subtree) logger.note(`only ${subtree} is verified, which the snapshot is of`);
  const options = saved ? optionsOf(saved, told, logger) : told;
  let before = named.is === 'saved' ? reRooted(named.saved, subtree) : named.snapshot;
  try {
    const judged = async (rules: readonly RuleText[]): Promise<ParsedSnapshot> => {
      if (!saved) return before;
      before = await judgedAlike(
        before,
        saved,
        { rules },
        { root: tree.root, part: subtree, options, logger },
      );
      return before;
    };
    const call = { subtree, sample, threads, ...options, problems: tree.strangers, ...context };
    const verification = await verifyManifest(tree.root, before, { ...call, judged });
    const rootProblem = rootProblemIn(verification.problems);
    if (rootProblem) throw systemFailure(doing, rootProblem);
    return {
      verification,
      against: { name: against, snapshot: before, ...(saved && { saved }) },
      damaged: named.is === 'saved' ? named.damaged : [],
      milliseconds: performance.now() - started,
    };
  } catch (error) {
    throw rootFailure(doing, error);
  }
}

function nothingToCompare(doing: string, hasMuse: boolean): CommandError {
  const first = hasMuse ? "run 'muse snapshot' first" : "run 'muse init' and 'muse snapshot' first";
  return new CommandError(
    ExitCode.failed,
    `${doing}: the cache has none of its files, so that there is nothing to compare with`,
    first,
  );
}
