import { openExplainer, type Explainer, type ManifestVerification, type TreeOptions } from '@muse/snapshot';
import { MOST_PROBLEMS, ruleText } from '../../failures.js';
import { count, countOf } from '../../terminal/format.js';
import { isWithin, type WorkingTree } from '../../working-tree.js';

/** What a comparison lacks, told for people. */
export interface Gaps {
  /** A line for each file, or each directory of files, that was not compared; up to fifty. */
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
  const prefix = subtree === '' ? '' : `${subtree}/`;
  return {
    unread: await unreadLines(unread, prefix, explainer),
    hint: await linkHint(missing, prefix, explainer),
  };
}

async function unreadLines(
  unread: readonly string[],
  prefix: string,
  explainer: Explainer,
): Promise<string[]> {
  const lines: string[] = [];
  let from = 0;
  while (from < unread.length && lines.length < MOST_PROBLEMS) {
    const path = unread[from] ?? '';
    const { at, reason } = await reasonFor(prefix + path, explainer);
    const place = at.slice(prefix.length);
    const to = unread.findIndex((each, index) => index > from && !isWithin(each, place));
    const files = (to < 0 ? unread.length : to) - from;
    lines.push(`${files > 1 ? `${place}: ${countOf(files, 'file')}` : `${path}:`} not compared: ${reason}`);
    from += files;
  }
  const more = unread.length - from;
  if (more > 0) lines.push(`and ${countOf(more, 'more file')}; --json lists them all`);
  return lines;
}

const RESERVED = /^(?:.*?\/)?\.(?:git|muse)(?=\/|$)/s;

/** Returns why a path is left out, and the directory that the reason is for, or the path itself. */
async function reasonFor(path: string, explainer: Explainer): Promise<{ at: string; reason: string }> {
  const reserved = RESERVED.exec(path)?.[0];
  if (reserved !== undefined) {
    return { at: reserved, reason: 'belongs to Muse or git, not to the tree around it' };
  }
  const explanation = await explainer.explain(path);
  switch (explanation.outcome) {
    case 'ignored':
      return { at: explanation.at, reason: `left out by ${ruleText(explanation.rule)}` };
    case 'outside':
      return { at: explanation.at, reason: 'on another file system' };
    default:
      return { at: path, reason: 'it came while the tree was read' };
  }
}

async function linkHint(
  missing: ManifestVerification['missing'],
  prefix: string,
  explainer: Explainer,
): Promise<string | undefined> {
  const links: string[] = [];
  for (const { path } of missing.slice(0, MOST_PROBLEMS)) {
    const explanation = await explainer.explain(prefix + path);
    if (explanation.outcome === 'special' && explanation.kind === 'symlink') links.push(path);
  }
  if (links[0] === undefined) return undefined;
  const more = links.length > 1 ? ` (and ${count(links.length - 1)} more)` : '';
  return `${links[0]} leads over a symbolic link, which is not followed${more}`;
}
