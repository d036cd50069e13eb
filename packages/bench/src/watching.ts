import { engineHere } from './engine.js';
import { runScript } from './processes/script.js';
import type { WatchingFigures } from './results.js';
import type { BenchTree } from './trees/bench-tree.js';

/** Returns why it cannot be measured what watching a tree takes; `undefined` where it can. */
export function whyNotWatched({ editable }: BenchTree): string | undefined {
  if (!editable) return 'the tree is not ours to edit';
  return engineHere() === 'native' ? undefined : 'it takes the native engine';
}

/** Measures what watching a tree takes, in a process of its own. */
export function measureWatching(
  { root, nulList }: BenchTree,
  { rounds, idleSeconds }: { readonly rounds: number; readonly idleSeconds: number },
): WatchingFigures {
  return JSON.parse(
    runScript('watching', root, nulList, String(rounds), String(idleSeconds)),
  ) as WatchingFigures;
}
