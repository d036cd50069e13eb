import { realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { relativeTreePath, treePathFromBytes } from '@muse/paths';
import {
  openExplainer,
  type Explainer,
  type Explanation,
  type Problem,
  type TreeOptions,
} from '@muse/snapshot';
import type { Logger } from '@muse/stat-cache';
import { usageError } from '../command-error.js';
import { nativePath } from '../native-path.js';
import type { ExplainRequest } from '../request.js';
import { rootFailure } from '../root-failure.js';
import { systemFailure } from '../system-error.js';
import { findTreeOf } from '../working-tree.js';

/** What a snapshot makes of one path. */
export interface ExplainAnswer {
  /** As it was typed. */
  readonly name: string;
  /** The working tree that it belongs to. */
  readonly root: string;
  /** Its tree path there. */
  readonly path: string;
  readonly explanation: Explanation;
  /** Whether something that should decide about it was not obeyed, or could not be read. */
  readonly lacksRules: boolean;
}

/** Explains the paths one after the other, each in its own working tree, which is loaded once for all in it. */
export async function explain(request: ExplainRequest, logger: Logger): Promise<ExplainAnswer[]> {
  const { paths, tree } = request;
  const here = await currentDirectory();
  const places = await Promise.all(paths.map((name) => placeOf(here, name, tree)));
  const explainers = new Map<string, Explainer>();
  const answers: ExplainAnswer[] = [];
  for (const { name, root, path, subtree, problems } of places) {
    const key = `${root}\0${subtree}`;
    try {
      const explainer =
        explainers.get(key) ?? (await openExplainer(root, { ...tree, subtree, problems, logger }));
      explainers.set(key, explainer);
      const explanation = await explainer.explain(path);
      answers.push({ name, root, path, explanation, lacksRules: explainer.problems.length > 0 });
    } catch (error) {
      throw rootFailure(`cannot explain ${name}`, error);
    }
  }
  return answers;
}

/** Unlike `process.cwd()` it keeps a name that is not UTF-8. */
async function currentDirectory(): Promise<string> {
  try {
    return treePathFromBytes(await realpath('.', 'buffer'));
  } catch (error) {
    throw systemFailure('cannot find the current directory', error);
  }
}

/** Where a path is, and the directory that decides whose rules count for it: the nearest one that is there. */
interface Place {
  readonly name: string;
  readonly root: string;
  readonly path: string;
  /** That directory, as a tree path. */
  readonly subtree: string;
  readonly problems: readonly Problem[];
}

async function placeOf(here: string, name: string, options: TreeOptions): Promise<Place> {
  const file = resolve(here, name);
  const directory = await nearestDirectory(file);
  const { root, hasMuse, strangers: problems } = await findTreeOf(name, directory, options);
  const top = hasMuse ? root : here;
  try {
    const path = relativeTreePath(top, file);
    return { name, root: top, path, subtree: relativeTreePath(top, directory), problems };
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
    const found = await stat(nativePath(path)).catch(() => undefined);
    if (found?.isDirectory() === true || path === dirname(path)) return path;
  }
}
