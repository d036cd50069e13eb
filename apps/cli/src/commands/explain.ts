import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { relativeTreePath, treePathFromBytes } from '@muse/paths';
import { openExplainer, type Explainer, type Explanation } from '@muse/snapshot';
import type { Logger } from '@muse/stat-cache';
import { usageError } from '../command-error.js';
import type { ExplainRequest } from '../request.js';
import { rootFailure } from '../root-failure.js';
import { systemFailure } from '../system-error.js';
import { rootAbove } from '../working-tree.js';

/** What a snapshot makes of one path. */
export interface ExplainAnswer {
  /** As it was typed. */
  readonly name: string;
  /** The working tree that it belongs to. */
  readonly root: string;
  /** Its tree path there. */
  readonly path: string;
  readonly explanation: Explanation;
}

/** Explains the paths one after the other, each in its own working tree, which is loaded once for all in it. */
export async function explain(request: ExplainRequest, logger: Logger): Promise<ExplainAnswer[]> {
  const { paths, tree } = request;
  const options = { ...tree, logger };
  const here = await currentDirectory();
  const places = await Promise.all(paths.map((name) => placeOf(here, name)));
  const explainers = new Map<string, Explainer>();
  const answers: ExplainAnswer[] = [];
  for (const { name, root, path } of places) {
    try {
      const explainer = explainers.get(root) ?? (await openExplainer(root, options));
      explainers.set(root, explainer);
      answers.push({ name, root, path, explanation: await explainer.explain(path) });
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

async function placeOf(here: string, name: string): Promise<Pick<ExplainAnswer, 'name' | 'root' | 'path'>> {
  const file = resolve(here, name);
  const root = (await rootAbove(file, name)) ?? here;
  try {
    return { name, root, path: relativeTreePath(root, file) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usageError(
      `cannot explain ${name}: it is not below the current directory, and no directory above it has a .muse`,
      'change to the directory that you take snapshots of',
    );
  }
}
