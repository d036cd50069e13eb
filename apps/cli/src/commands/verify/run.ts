import {
  NothingToCompareError,
  verify as verifyTree,
  verifyManifest,
  type ParsedSnapshot,
  type RuleText,
  type Verification,
} from '@muse/snapshot';
import type { RequestOf, Run } from '../../definition.js';
import { CommandError, ExitCode, systemFailure, usageError } from '../../errors.js';
import { noMuse, rootFailure, throwIfUnlisted } from '../../failures.js';
import { findOperands } from '../../operands.js';
import { commonPart, judgedAlike, optionsOf, reRooted } from '../../saved-side.js';
import { treeOptionsOf } from '../../shared-options.js';
import type { Reporter } from '../../terminal/reporter.js';
import { findWorkingTree, reportingTo } from '../../working-tree.js';
import type { verify } from './definition.js';
import { renderAgainst, renderVerify, type AgainstAnswer } from './render.js';

type Request = RequestOf<typeof verify>;

/** Reads a working tree again and compares it with its cache, or with a snapshot; rejects where not even its root could be listed. */
export const run: Run<Request> = async (request, { reporter }) => {
  const started = performance.now();
  const doing = `cannot verify ${request.directory}`;
  if (request.against === undefined) {
    const verification = await againstCache(request, reporter, doing);
    return renderVerify(verification, request, performance.now() - started, reporter);
  }
  const answer = await againstSnapshot(request.against, request, reporter, doing);
  return renderAgainst(answer, request, performance.now() - started, reporter);
};

async function againstCache(request: Request, reporter: Reporter, doing: string): Promise<Verification> {
  const { directory, sample, threads } = request;
  const options = treeOptionsOf(request);
  const tree = await findWorkingTree(directory, options);
  const { root, subtree, hasMuse, strangers } = tree;
  let verification: Verification;
  try {
    const call = { subtree, sample, threads, ...options, problems: strangers, ...reportingTo(reporter) };
    verification = await verifyTree(root, call);
  } catch (error) {
    if (!(error instanceof NothingToCompareError)) throw rootFailure(doing, error);
    throw !hasMuse && strangers.length > 0 ? noMuse(doing, tree) : nothingToCompare(doing, hasMuse);
  }
  throwIfUnlisted(doing, verification.problems);
  return verification;
}

async function againstSnapshot(
  against: string,
  request: Request,
  reporter: Reporter,
  doing: string,
): Promise<AgainstAnswer> {
  const { directory, sample, threads } = request;
  const given = treeOptionsOf(request);
  const tree = await findWorkingTree(directory, given);
  if (tree.error !== undefined) throw systemFailure(doing, tree.error);
  const [named] = await findOperands([against], given, reporter, tree);
  if (!named || named.is === 'directory') {
    throw usageError(
      `cannot verify against ${against}: it is a directory`,
      'name a saved snapshot, or a manifest',
    );
  }
  const saved = named.is === 'saved' ? named.saved : undefined;
  const part = named.is === 'saved' ? commonPart(named.saved, named.tree, tree) : undefined;
  const subtree = part ?? tree.subtree;
  if (subtree !== tree.subtree) reporter.note(`only ${subtree} is verified: the snapshot holds nothing else`);
  const options = saved ? optionsOf(saved, given, reporter) : given;
  let before = named.is === 'saved' ? reRooted(named.saved, subtree) : named.snapshot;
  const judged = async (rules: readonly RuleText[]): Promise<ParsedSnapshot> => {
    if (saved)
      before = await judgedAlike(
        before,
        saved,
        { rules },
        { root: tree.root, part: subtree, options, reporter },
      );
    return before;
  };
  try {
    const call = { subtree, sample, threads, ...options, problems: tree.strangers, ...reportingTo(reporter) };
    const verification = await verifyManifest(tree.root, before, { ...call, judged });
    throwIfUnlisted(doing, verification.problems);
    return {
      verification,
      against: { name: against, snapshot: before, ...(saved && { saved }) },
      damaged: named.is === 'saved' ? named.damaged : [],
    };
  } catch (error) {
    throw rootFailure(doing, error);
  }
}

function nothingToCompare(doing: string, hasMuse: boolean): CommandError {
  const first = hasMuse ? "run 'muse snapshot' first" : "run 'muse init', then 'muse snapshot'";
  return new CommandError(ExitCode.failed, `${doing}: nothing is cached yet`, first);
}
