import { realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { relativeTreePath, toFsPath, treePathFromBytes } from '@muse/paths';
import { openExplainer, type Explainer, type TreeOptions } from '@muse/snapshot';
import type { Problem } from '@muse/walker';
import type { RequestOf, Run } from '../../definition.js';
import { ExitCode, systemFailure, usageError } from '../../errors.js';
import { rootFailure } from '../../failures.js';
import { treeOptionsOf, wantsJson } from '../../shared-options.js';
import { writeJson, writeLines } from '../../terminal/answer.js';
import { findTreeOf, optionsFor } from '../../working-tree.js';
import type { explain } from './definition.js';
import { explanationBlocks, explanationDocument, type Explained } from './render.js';

/** Explains the paths one after the other, each in its own working tree, which is loaded once for all in it. */
export const run: Run<RequestOf<typeof explain>> = async (request, { reporter }) => {
  const given = treeOptionsOf(request);
  const here = await currentDirectory();
  const places = await Promise.all(request.names.map((name) => placeOf(here, name, given)));
  const explainers = new Map<string, Explainer>();
  const answers: Explained[] = [];
  for (const { name, root, path, subtree, problems, options } of places) {
    const key = `${root}\0${subtree}`;
    try {
      const explainer =
        explainers.get(key) ??
        (await openExplainer(root, { ...options, subtree, problems, logger: reporter }));
      explainers.set(key, explainer);
      answers.push({ name, root, path, explanation: await explainer.explain(path) });
    } catch (error) {
      throw rootFailure(`cannot explain ${name}`, error);
    }
  }
  if (wantsJson(request)) await writeJson({ version: 1, explanations: answers.map(explanationDocument) });
  else await writeLines(explanationBlocks(answers), reporter.paintAnswer);

  if (answers.some(({ explanation }) => explanation.outcome === 'absent')) return ExitCode.failed;
  const lacksRules = [...explainers.values()].some(({ problems }) => problems.length > 0);
  return lacksRules ? ExitCode.incomplete : ExitCode.done;
};

/** Unlike `process.cwd()` it keeps a name that is not UTF-8. */
async function currentDirectory(): Promise<string> {
  try {
    return treePathFromBytes(await realpath('.', 'buffer'));
  } catch (error) {
    throw systemFailure('cannot find the current directory', error);
  }
}

/** The place of a path, and the directory that decides whose rules count for it: the nearest one that exists. */
interface Place {
  readonly name: string;
  readonly root: string;
  readonly path: string;
  /** The tree path of that directory. */
  readonly subtree: string;
  readonly problems: readonly Problem[];
  readonly options: TreeOptions;
}

async function placeOf(here: string, name: string, given: TreeOptions): Promise<Place> {
  const file = resolve(here, name);
  const directory = await nearestDirectory(file);
  const tree = await findTreeOf(name, directory, given);
  const { root, hasMuse, strangers: problems } = tree;
  const options = optionsFor(tree, given);
  const top = hasMuse ? root : here;
  try {
    const path = relativeTreePath(top, file);
    return { name, root: top, path, subtree: relativeTreePath(top, directory), problems, options };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usageError(
      `cannot explain ${name}: it is not below the current directory, and no directory above it has a .muse`,
      'change to the directory that you take snapshots of',
    );
  }
}

async function nearestDirectory(file: string): Promise<string> {
  for (let path = file; ; path = dirname(path)) {
    const found = await stat(toFsPath(path)).catch(() => undefined);
    if (found?.isDirectory() === true || path === dirname(path)) return path;
  }
}
