import { realpath } from 'node:fs/promises';
import { PathMap, relativeTreePath, toFsPath } from '@muse/paths';
import {
  computeSnapshotId,
  NothingToCompareError,
  verify as verifyTree,
  verifyManifest,
  type ParsedSnapshot,
  type RuleText,
  type TreeOptions,
  type Verification,
} from '@muse/snapshot';
import { PatternRules } from '@muse/walker/ignore';
import type { RequestOf, Run } from '../../definition.js';
import { CommandError, ExitCode, systemFailure, usageError } from '../../errors.js';
import { noMuse, rootFailure, throwIfUnlisted } from '../../failures.js';
import { findOperands, type Named } from '../../operands.js';
import { savedSide, type SavedSide } from '../../saved-side.js';
import { treeOptionsOf, wantsJson } from '../../shared-options.js';
import { count, countOf } from '../../terminal/format.js';
import type { Reporter } from '../../terminal/reporter.js';
import { findWorkingTree, isWithin, optionsFor, reportingTo, type WorkingTree } from '../../working-tree.js';
import type { verify } from './definition.js';
import { explainGaps } from './gaps.js';
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
  const tree = await findWorkingTree(directory, request);
  const options = optionsFor(tree, treeOptionsOf(request));
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
      'name a saved snapshot, a manifest, or a list of sha256sum',
    );
  }
  try {
    const { now, options, before, ...side } = sideOf(named, tree, given, reporter);
    let snapshot = before;
    const judged = async (rules: readonly RuleText[]): Promise<ParsedSnapshot> =>
      (snapshot = await side.judged(rules));
    const { root, subtree, strangers } = now;
    const call = { subtree, sample, threads, ...options, problems: strangers, ...reportingTo(reporter) };
    const verification = await verifyManifest(root, before, { ...call, judged });
    throwIfUnlisted(doing, verification.problems);
    const saved = named.is === 'saved' && { saved: named.saved };
    return {
      verification,
      against: { name: against, snapshot, ...saved },
      damaged: named.damaged,
      ownPath: await pathIn(now, named),
      gaps: await explainGaps(now, verification, options),
    };
  } catch (error) {
    if (!(error instanceof NothingToCompareError)) throw rootFailure(doing, error);
    throw new CommandError(ExitCode.failed, `${doing}: ${against} has no file there to compare with`);
  }
}

function sideOf(
  named: Exclude<Named, { is: 'directory' }>,
  tree: WorkingTree,
  given: TreeOptions,
  reporter: Reporter,
): SavedSide {
  if (named.is === 'saved') return savedSide(named.saved, named.tree, tree, given, reporter);
  const options = optionsFor(tree, given);
  const before = withoutExcluded(named, tree, options, reporter);
  return { now: tree, options, before, judged: () => Promise.resolve(before) };
}

/** Returns the path of a manifest in the directory that it is compared with; undefined where it is elsewhere. */
async function pathIn({ root, subtree }: WorkingTree, { is, name }: Named): Promise<string | undefined> {
  if (is !== 'manifest' || name === '-') return undefined;
  try {
    const path = relativeTreePath(root, await realpath(toFsPath(name), 'buffer'));
    return isWithin(path, subtree) ? path.slice(subtree === '' ? 0 : subtree.length + 1) : undefined;
  } catch {
    // Elsewhere, or gone: both are no news.
    return undefined;
  }
}

/**
 * Returns a manifest without the files that `--exclude` leaves out: those are not wanted, whereas it is a gap in the
 * answer when a file of rules leaves out what the manifest has.
 */
function withoutExcluded(
  { name, snapshot }: Extract<Named, { is: 'manifest' }>,
  { subtree }: WorkingTree,
  { exclude = [] }: TreeOptions,
  reporter: Reporter,
): ParsedSnapshot {
  if (exclude.length === 0) return snapshot;
  const rules = new PatternRules(exclude.map((pattern) => ({ pattern })));
  const prefix = subtree === '' ? '' : `${subtree}/`;
  const manifest = new PathMap(snapshot.manifest);
  for (const path of snapshot.manifest.keys()) if (rules.ignores(prefix + path, false)) manifest.delete(path);
  const all = snapshot.manifest.size;
  if (manifest.size === all) return snapshot;
  reporter.note(`--exclude leaves out ${count(all - manifest.size)} of ${countOf(all, 'file')} in ${name}`);
  return { ...snapshot, id: computeSnapshotId(manifest), manifest };
}

function nothingToCompare(doing: string, hasMuse: boolean): CommandError {
  const first = hasMuse ? "run 'muse snapshot' first" : "run 'muse init', then 'muse snapshot'";
  return new CommandError(ExitCode.failed, `${doing}: nothing is cached yet`, first);
}
