import {
  appendFileSync,
  cpSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  readdirSync,
} from 'node:fs';
import { join } from 'node:path';
import { TREE } from './old-tree.js';
import { getToKnow, scanAndJudge } from './outcome.js';
import { withPlace } from './place.js';
import type { Case, Outcome, Place, Tool, Verdict } from './types.js';

const PLACES = 32;

/** Damages in what a tool remembers, each with an edit that any stat shows. */
export const damageCases: readonly Case[] = [
  {
    name: 'one bit of its cache flipped',
    what: `A bit of what the tool remembers is flipped, at ${PLACES} places in turn, and a file has grown since. The verdict is the worst.`,
    run: (tool) => damage(tool, PLACES, flipBit),
  },
  {
    name: 'its cache cut off',
    what: 'Each file in which the tool remembers is cut to half its length, and a file has grown since.',
    run: (tool) => damage(tool, 1, cutFiles),
  },
];

type Damage = (files: readonly string[], round: number) => void;

/** Scans, and scans again after each damage, always from the same state. */
function damage(tool: Tool, rounds: number, harm: Damage): Promise<Outcome> {
  return withPlace(tool, TREE, async (place) => {
    await getToKnow(tool, place);
    const restore = keepState(tool, place);
    appendFileSync(join(place.root, 'edited'), 'more\n');
    const outcomes: Outcome[] = [];
    for (let round = 0; round < rounds; round++) {
      restore();
      harm(filesBelow(await tool.memory(place)), round);
      outcomes.push(await scanAndJudge(tool, place));
    }
    return worst(outcomes);
  });
}

/** Keeps a copy of all that a tool has written, and returns what puts it back. */
function keepState(tool: Tool, place: Place): () => void {
  const copies = tool.stateDirectories(place).map((directory, index) => {
    return { directory, copy: join(place.state, `copy-${index}`) };
  });
  const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
  for (const { directory, copy } of copies) cpSync(directory, copy, options);
  return () => {
    for (const { directory, copy } of copies) {
      rmSync(directory, { recursive: true });
      cpSync(copy, directory, options);
    }
  };
}

function filesBelow(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** Flips a bit at one of the places that divide the files, taken as one, into equal parts. */
function flipBit(files: readonly string[], round: number): void {
  const sizes = files.map((file) => statSync(file).size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let at = Math.floor(((round + 0.5) / PLACES) * total);
  for (const [index, file] of files.entries()) {
    const size = sizes[index] ?? 0;
    if (at < size) {
      const bytes = readFileSync(file);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (round % 8));
      writeFileSync(file, bytes);
      return;
    }
    at -= size;
  }
}

function cutFiles(files: readonly string[]): void {
  for (const file of files) truncateSync(file, Math.floor(statSync(file).size / 2));
}

const FROM_BAD_TO_GOOD: readonly Verdict[] = ['misses it', 'fails', 'refuses', 'sees it'];

/** Returns the worst outcome, with how often each verdict came. */
function worst(outcomes: readonly Outcome[]): Outcome {
  const counts = FROM_BAD_TO_GOOD.map((verdict) => {
    return { verdict, count: outcomes.filter((outcome) => outcome.verdict === verdict).length };
  }).filter(({ count }) => count > 0);
  const [first] = counts;
  const example = outcomes.find(({ verdict }) => verdict === first?.verdict);
  if (!first || !example) return { verdict: 'not run', note: '' };
  if (outcomes.length === 1) return example;
  const tally = counts.map(({ verdict, count }) => `${verdict} ${count}`).join(', ');
  return {
    verdict: first.verdict,
    note: [`${tally} of ${outcomes.length}`, example.note].filter(Boolean).join('; '),
  };
}
