import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { ordinaryUser } from '@muse/testkit';
import { complaint, scanAndJudge } from './outcome.js';
import { withPlace } from './place.js';
import { runCommand } from './run-command.js';
import { areSame, treeContents } from './tree-contents.js';
import type { Case, Contents, Outcome, Place, Ran, Tool } from './types.js';

const SECRET = 'may-not-be-read';

/** Files that are hard to record. */
export const nameAndRightCases: readonly Case[] = [
  {
    name: 'a file that may not be read',
    what:
      'An ordinary user scans a tree with a file of mode 000. Seen is what is named as unread, while all else is ' +
      'recorded; missed is what is left out without a word.',
    run: scanUnreadable,
  },
  {
    name: 'a name that is not UTF-8',
    what: 'The name of a file holds the byte 0xff. Seen is the same name with the same content, read back.',
    run: scanStrangeName,
  },
];

async function scanUnreadable(tool: Tool): Promise<Outcome> {
  if (ordinaryUser() === undefined) return { verdict: 'not run', note: 'this system has no user ids' };
  const work = async (place: Place): Promise<Outcome> => {
    const right = new Map(treeContents(place.root));
    right.delete(SECRET);
    chmodSync(join(place.root, SECRET), 0o000);
    const scan = await runCommand(place, tool.scan(place));
    return judgeUnreadable(place, scan, await tool.contents(place, scan), right);
  };
  const tree = { readable: 'a\n', [SECRET]: 'b\n', z: 'c\n' };
  return withPlace(tool, tree, work, { asOrdinaryUser: true });
}

function judgeUnreadable(place: Place, scan: Ran, recorded: Contents | undefined, right: Contents): Outcome {
  const named = `${scan.stdout.toString()}${scan.stderr.toString()}`.includes(SECRET);
  const rest = areSame(recorded, right);
  if (rest && named)
    return { verdict: 'sees it', note: `it is named, all else is recorded; exit code ${scan.exit}` };
  if (rest) return { verdict: 'misses it', note: `it is not named; exit code ${scan.exit}` };
  const what = (recorded?.size ?? 0) === 0 ? 'nothing is recorded' : 'the rest is recorded in part';
  return { verdict: scan.exit === 0 ? 'misses it' : 'refuses', note: `${what}; ${complaint(place, scan)}` };
}

function scanStrangeName(tool: Tool): Promise<Outcome> {
  const tree = new Map([[Buffer.from('na\xffme', 'latin1'), 'x\n']]);
  return withPlace(tool, tree, async (place) => {
    return await scanAndJudge(tool, place);
  });
}
