import type { Kind } from '../lib/report-data.js';
import type { Model } from './model.js';

/** A file that differs, or may. */
export interface Change {
  readonly node: number;
  readonly kind: Kind;
  /** Its tree path, and the old one of a renamed file, as people see them. */
  readonly path: string;
  readonly from: string | undefined;
  /** What is searched, in lower case. */
  readonly text: string;
}

/** What is asked for: words that must all be in a path, and kinds of which it must have one. */
export interface Filter {
  readonly words: readonly string[];
  readonly kinds: ReadonlySet<Kind>;
}

/** Returns the changes of a tree in path order. */
export function changesOf(model: Model): Change[] {
  const changes: Change[] = [];
  for (let node = 1; node < model.tree.names.length; node++) {
    if (model.isDirectory(node) || model.kindOf(node) === 'unchanged') continue;
    const path = model.pathOf(node);
    const from = model.fromOf(node);
    changes.push({
      node,
      kind: model.kindOf(node),
      path,
      from,
      text: `${path}\n${from ?? ''}`.toLowerCase(),
    });
  }
  return changes;
}

/** Returns the words of what was typed. */
export function wordsOf(typed: string): string[] {
  return typed.toLowerCase().split(/\s+/).filter(Boolean);
}

/** Returns the changes that a filter lets through. */
export function filtered(changes: readonly Change[], { words, kinds }: Filter): Change[] {
  return changes.filter(({ kind, text }) => kinds.has(kind) && words.every((word) => text.includes(word)));
}

/** Returns two paths in four parts: the directories that both begin with, what differs, and the segments that both end with. */
export function movedPart(
  from: string,
  to: string,
): [before: string, old: string, now: string, after: string] {
  const [old, now] = [from.split('/'), to.split('/')];
  const most = Math.min(old.length, now.length);
  let first = 0;
  while (first < most - 1 && old[first] === now[first]) first++;
  let last = 0;
  while (last < most - first && old.at(-1 - last) === now.at(-1 - last)) last++;
  const middle = (segments: string[]): string => segments.slice(first, segments.length - last).join('/');
  const before = now.slice(0, first).map((segment) => `${segment}/`);
  const after = now.slice(now.length - last).map((segment) => `/${segment}`);
  return [before.join(''), middle(old), middle(now), after.join('')];
}
