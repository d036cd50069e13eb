import { fstatSync } from 'node:fs';
import { readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { relativeTreePath, toFsPath, treePathFromBytes } from '@muse/paths';
import { openSnapshotter, type Snapshot, type TreeChange } from '@muse/snapshot';
import { nativeEngine } from '@muse/walker/scan';
import type { RequestOf, Run } from '../../definition.js';
import { CommandError, ExitCode, SilentExit, systemReason, usageError } from '../../errors.js';
import { problemLines, rootFailure, throwIfUnlisted } from '../../failures.js';
import { withObjectId } from '../../operands.js';
import { treeOptionsOf } from '../../shared-options.js';
import { writeJson } from '../../terminal/answer.js';
import type { Reporter } from '../../terminal/reporter.js';
import { findWorkingTree, optionsFor, reportingTo, type WorkingTree } from '../../working-tree.js';
import type { watch } from './definition.js';

/** Prints a line for a working tree as it is, and for each change to it, until its reader or its directory is gone. */
export const run: Run<RequestOf<typeof watch>> = async (request, { reporter }) => {
  const { directory, noId, settle, threads } = request;
  const tree = await findWorkingTree(directory, request);
  const options = { ...optionsFor(tree, treeOptionsOf(request)), threads };
  try {
    await tellChanges(tree, options, { settleMs: settle, deferId: noId }, reporter);
    return ExitCode.done;
  } catch (error) {
    throw rootFailure(`cannot watch ${directory}`, error);
  }
};

async function tellChanges(
  tree: WorkingTree,
  options: Parameters<typeof openSnapshotter>[1],
  { settleMs, deferId }: { readonly settleMs: number | undefined; readonly deferId: boolean },
  reporter: Reporter,
): Promise<void> {
  const { name, root, subtree, strangers } = tree;
  const { onProgress, ...reporting } = reportingTo(reporter);
  const snapshotter = await openSnapshotter(root, {
    ...options,
    ...reporting,
    subtree,
    problems: strangers,
    watch: true,
  });
  const place = join(root, subtree);
  const watched = await identityOf(place);
  const throwIfGone = async () => {
    const now = await identityOf(place);
    if (now !== watched) throw gone(name, now);
  };
  const { signal, stop } = whenReaderLeaves(await nativeEngine(reporter));
  let last: Snapshot | undefined;
  try {
    const changes = snapshotter.changes({
      signal,
      settleMs,
      deferId,
      onProgress: (progress) => {
        if (!last) onProgress?.(progress);
      },
    });
    for await (const change of changes) {
      reporter.finish();
      if (last) await throwIfGone();
      else await checkStart(change, tree, place, reporter);
      for (const line of newProblemLines(last, change.snapshot)) reporter.error(line);
      last = change.snapshot;
      await writeJson(lineOf(change, deferId), { mayBlock: false });
    }
  } catch (error) {
    if (last && !(error instanceof SilentExit)) await throwIfGone();
    throw error;
  } finally {
    stop();
    await snapshotter.close();
  }
}

async function checkStart(
  { snapshot }: TreeChange,
  { name }: WorkingTree,
  place: string,
  reporter: Reporter,
): Promise<void> {
  throwIfUnlisted(`cannot list ${name}`, snapshot.problems);
  const output = await stdoutBelow(place);
  if (output !== undefined && snapshot.manifest.has(output)) {
    throw usageError(
      `stdout is ${output}, a file of the tree, so that each line would be a change`,
      'write to a place outside, or leave it out by a rule',
    );
  }
  if (snapshot.saveError) reporter.warn(`the cache was not saved: ${systemReason(snapshot.saveError)}`);
}

/** Returns what a line says of a change. */
function lineOf({ kind, snapshot, ...diff }: TreeChange, withoutId: boolean): object {
  return {
    version: 1,
    event: kind,
    by: snapshot.by,
    ...(withoutId ? {} : { snapshot_id: snapshot.id }),
    complete: snapshot.complete,
    files: snapshot.stats.files,
    bytes: snapshot.stats.bytes,
    added: diff.added.map(withObjectId),
    modified: diff.modified,
    deleted: diff.deleted.map(withObjectId),
    renamed: diff.renamed.map(({ from, to, objectId }) => ({ from, to, object_id: objectId })),
    unknown: diff.unknown,
    problems: snapshot.problems,
  };
}

function newProblemLines(before: Snapshot | undefined, { problems }: Snapshot): string[] {
  const told = new Set(before?.problems.map((problem) => JSON.stringify(problem)));
  return problemLines(problems.filter((problem) => !told.has(JSON.stringify(problem))));
}

/** Returns what tells a directory from every other; `undefined` where there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(toFsPath(path), { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function gone(name: string, now: string | undefined): CommandError {
  return now === undefined
    ? new CommandError(ExitCode.failed, `cannot watch ${name} any longer: it was renamed or removed`)
    : new CommandError(
        ExitCode.failed,
        `cannot watch ${name} any longer: another directory is in its place`,
        'start again to watch that one',
      );
}

/** Returns the tree path of the file that stdout is, if it is one below a directory. */
async function stdoutBelow(directory: string): Promise<string | undefined> {
  try {
    if (!fstatSync(1).isFile()) return undefined;
    const file = treePathFromBytes(await readlink('/proc/self/fd/1', 'buffer'));
    return relativeTreePath(directory, file);
  } catch {
    // Elsewhere, or on a system that does not tell.
    return undefined;
  }
}

/** Milliseconds between two looks at who reads stdout. */
const LOOK_MS = 500;

/** Returns a signal that is aborted soon after the reader of stdout has gone: without it, only the next line would tell. */
function whenReaderLeaves(engine: Awaited<ReturnType<typeof nativeEngine>>): {
  readonly signal: AbortSignal;
  readonly stop: () => void;
} {
  const ending = new AbortController();
  const timer = setInterval(() => {
    if (engine?.native.hasHungUp(1) === true) ending.abort(new SilentExit(ExitCode.readerGone));
  }, LOOK_MS).unref();
  return {
    signal: ending.signal,
    stop: () => {
      clearInterval(timer);
    },
  };
}
