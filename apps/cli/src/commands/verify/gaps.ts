import { openExplainer, type Explanation, type ManifestVerification, type TreeOptions } from '@muse/snapshot';
import { MOST_PROBLEMS, ruleText } from '../../failures.js';
import { count } from '../../terminal/format.js';
import type { WorkingTree } from '../../working-tree.js';

/** What a comparison lacks, told for people. */
export interface Gaps {
  /** A line for each file that was not compared, up to fifty. */
  readonly unread: readonly string[];
  /** Why files are missing that somebody may well see in their place. */
  readonly hint: string | undefined;
}

/** Explains why files of a manifest were not compared, and which of the missing ones are links: those are no files. */
export async function explainGaps(
  { root, subtree }: WorkingTree,
  { unread, missing }: Pick<ManifestVerification, 'unread' | 'missing'>,
  options: TreeOptions,
): Promise<Gaps> {
  if (unread.length + missing.length === 0) return { unread: [], hint: undefined };
  const explainer = await openExplainer(root, { ...options, subtree, cache: false });
  const inRoot = (path: string): string => (subtree === '' ? path : `${subtree}/${path}`);
  const lines: string[] = [];
  for (const path of unread.slice(0, MOST_PROBLEMS)) {
    lines.push(`${path}: not compared: ${reasonOf(await explainer.explain(inRoot(path)))}`);
  }
  let links = 0;
  let first: string | undefined;
  for (const { path } of missing.slice(0, MOST_PROBLEMS)) {
    const explanation = await explainer.explain(inRoot(path));
    if (explanation.outcome !== 'special' || explanation.kind !== 'symlink') continue;
    first ??= path;
    links++;
  }
  const more = links > 1 ? ` (and ${count(links - 1)} more)` : '';
  const hint =
    first === undefined ? undefined : `${first} leads over a symbolic link, which is not followed${more}`;
  return { unread: lines, hint };
}

function reasonOf(explanation: Explanation): string {
  switch (explanation.outcome) {
    case 'ignored':
      return `it is left out by ${ruleText(explanation.rule)}`;
    case 'reserved':
      return `${explanation.at} belongs to Muse or git, not to the tree around it`;
    case 'outside':
      return `another file system is mounted at ${explanation.at}`;
    default:
      return 'it came while the tree was read';
  }
}
