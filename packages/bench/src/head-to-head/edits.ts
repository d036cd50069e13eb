import { execFileSync } from 'node:child_process';
import { closeSync, openSync, renameSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AFTER, letGrowOld, TREE } from './old-tree.js';
import { getToKnow, scanAndJudge } from './outcome.js';
import { withPlace } from './place.js';
import type { Case, Outcome, Place, Tool } from './types.js';

/** A change of a file between two scans that are some seconds apart. */
interface Edit {
  /** Runs before the first scan. */
  readonly before?: (file: string) => void;
  readonly edit: (file: string, place: Place) => void;
}

const TWO_DAYS_S = 2 * 24 * 60 * 60;

/** Edits after which a file has the size and the mtime that it had before. */
export const editCases: readonly Case[] = [
  {
    name: 'same size, mtime restored',
    what: 'A file is overwritten in place with as many bytes, and its mtime put back to the nanosecond.',
    run: (tool) => scanTwice(tool, { edit: overwrite }),
  },
  {
    name: 'renamed over, same size and mtime',
    what: 'Another file of the same size and mtime is renamed over it.',
    run: (tool) => scanTwice(tool, { edit: renameOver }),
  },
  {
    name: 'mtime in the future',
    what: 'As the first, for a file that is dated two days ahead before and after.',
    run: (tool) => scanTwice(tool, { before: dateAhead, edit: overwrite }),
  },
];

function scanTwice(tool: Tool, { before, edit }: Edit): Promise<Outcome> {
  return withPlace(tool, TREE, async (place) => {
    const file = join(place.root, 'edited');
    before?.(file);
    await getToKnow(tool, place);
    await letGrowOld(place, 'third');
    edit(file, place);
    return await scanAndJudge(tool, place);
  });
}

function overwrite(file: string, { state }: Place): void {
  const times = keepTimes(file, join(state, 'times'));
  writeInPlace(file, AFTER);
  times.restoreTo(file);
}

function renameOver(file: string, { state }: Place): void {
  const times = keepTimes(file, join(state, 'times'));
  const another = join(state, 'another');
  writeFileSync(another, AFTER);
  times.restoreTo(another);
  renameSync(another, file);
}

function dateAhead(file: string): void {
  const ahead = Math.floor(Date.now() / 1000) + TWO_DAYS_S;
  utimesSync(file, ahead, ahead);
}

/** Overwrites the first bytes of a file, without cutting it first. */
export function writeInPlace(file: string, content: string): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, content);
  closeSync(descriptor);
}

/** Node's `utimes` takes seconds as a double and would lose nanoseconds; `touch` does not. */
function keepTimes(file: string, reference: string) {
  const copy = (from: string, to: string) => execFileSync('touch', ['--reference', from, to]);
  copy(file, reference);
  return { restoreTo: (target: string) => copy(reference, target) };
}
