import {
  NothingToCompareError,
  verify as verifyTree,
  verifyManifest,
  type ParsedSnapshot,
  type RuleText,
  type TreeOptions,
  type Verification,
} from '@muse/snapshot';
import type { RequestOf, Run } from '../../definition.js';
import { CommandError, ExitCode, systemFailure, usageError } from '../../errors.js';
import { noMuse, rootFailure, throwIfUnlisted } from '../../failures.js';
import { findOperands, type Named } from '../../operands.js';
import { savedSide, type SavedSide } from '../../saved-side.js';
import { treeOptionsOf, wantsJson } from '../../shared-options.js';
import type { Reporter } from '../../terminal/reporter.js';
import { findWorkingTree, reportingTo, type WorkingTree } from '../../working-tree.js';
import type { verify } from './definition.js';
import { renderAgainst, renderVerify, type AgainstAnswer } from './render.js';

type Request = RequestOf<typeof verify>;

/** Reads a working tree again and compares it with its cache, or with a snapshot; rejects where not even its root could be listed. */
export const run: Run<Request> = async (request, { reporter }) => {
  const started = performance.now();
  const doing = `cannot verify ${request.directory}`;
  const options = { json: wantsJson(request), strict: request.strict };
  if (request.against === undefined) {
    const verification = await againstCache(request, reporter, doing);
    return renderVerify(verification, options, performance.now() - started, reporter);
  }
  const answer = await againstSnapshot(request.against, request, reporter, doing);
  return renderAgainst(answer, options, performance.now() - started, reporter);
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
  const { now, options, before, ...side } = sideOf(named, tree, given, reporter);
  let snapshot = before;
  const judged = async (rules: readonly RuleText[]): Promise<ParsedSnapshot> =>
    (snapshot = await side.judged(rules));
  const { root, subtree, strangers } = now;
  try {
    const call = { subtree, sample, threads, ...options, problems: strangers, ...reportingTo(reporter) };
    const verification = await verifyManifest(root, before, { ...call, judged });
    throwIfUnlisted(doing, verification.problems);
    const saved = named.is === 'saved' && { saved: named.saved };
    return { verification, against: { name: against, snapshot, ...saved }, damaged: named.damaged };
  } catch (error) {
    throw rootFailure(doing, error);
  }
}

function sideOf(
  named: Exclude<Named, { is: 'directory' }>,
  tree: WorkingTree,
  given: TreeOptions,
  reporter: Reporter,
): SavedSide {
  if (named.is === 'saved') return savedSide(named.saved, named.tree, tree, given, reporter);
  const { snapshot } = named;
  return { now: tree, options: given, before: snapshot, judged: () => Promise.resolve(snapshot) };
}

function nothingToCompare(doing: string, hasMuse: boolean): CommandError {
  const first = hasMuse ? "run 'muse snapshot' first" : "run 'muse init', then 'muse snapshot'";
  return new CommandError(ExitCode.failed, `${doing}: nothing is cached yet`, first);
}
