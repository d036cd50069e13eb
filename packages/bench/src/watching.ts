import { engineHere } from './engine.js';
import { runScript } from './processes/script.js';
import type { LivingFigures, WatchingFigures } from './results.js';
import { spreadOf } from './statistics.js';
import type { BenchTree } from './trees/bench-tree.js';

/** Arming takes little beside a scan, so that few runs tell nothing of it. */
const PAIRS_A_ROUND = 4;

/** Returns why it cannot be measured what watching a tree takes; `undefined` where it can. */
export function whyNotWatched({ editable }: BenchTree): string | undefined {
  if (!editable) return 'the tree is not ours to edit';
  return engineHere() === 'native' ? undefined : 'it takes the native engine';
}

/** Measures what watching a tree takes. */
export function measureWatching(
  { root, nulList }: BenchTree,
  { rounds, idleSeconds }: { readonly rounds: number; readonly idleSeconds: number },
): WatchingFigures {
  const arming = measureArming(root, rounds * PAIRS_A_ROUND);
  const living = runScript('watching', root, nulList, String(rounds), String(idleSeconds));
  return { ...(JSON.parse(living) as LivingFigures), ...arming };
}

/** Measures first answers with and without watching, each in a fresh process, two in turn. */
function measureArming(
  root: string,
  pairs: number,
): Pick<WatchingFigures, 'scanMs' | 'armedScanMs' | 'armingMs'> {
  const answer = (how: 'scan' | 'watch') => Number(runScript('first-answer', root, how));
  const scans: number[] = [];
  const armed: number[] = [];
  for (let pair = 0; pair <= pairs; pair++) {
    // Whoever comes second may find more in the system's caches.
    const isScanFirst = pair % 2 === 0;
    const first = answer(isScanFirst ? 'scan' : 'watch');
    const second = answer(isScanFirst ? 'watch' : 'scan');
    // The first pair is thrown away.
    if (pair === 0) continue;
    scans.push(isScanFirst ? first : second);
    armed.push(isScanFirst ? second : first);
  }
  return {
    scanMs: spreadOf(scans),
    armedScanMs: spreadOf(armed),
    armingMs: spreadOf(armed.map((each, i) => each - (scans[i] ?? NaN))),
  };
}
