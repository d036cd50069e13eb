import {
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeInPlace } from './edits.js';
import { AFTER, BEFORE } from './old-tree.js';
import { scanAndJudge } from './outcome.js';
import { withPlace } from './place.js';
import { runCommand } from './run-command.js';
import { digest } from './tree-contents.js';
import { BUSY_FILE, type Case, type Outcome, type Tool } from './types.js';

const TRIES = 4;

/** An edit while a scan runs, seen or not by the next one. */
export const raceCase: Case = {
  name: 'edited during a long scan',
  what:
    'A small file and a huge one are known to the tool and get a new mtime, so that it reads both again. While it reads ' +
    'the huge one, having read the small one, the small one is overwritten in place with as many bytes, within the ' +
    'second of its mtime. The next scan is judged.',
  run: async (tool) => {
    let late: Outcome | undefined;
    for (let round = 0; round < TRIES; round++) {
      const raced = await race(tool);
      if (raced?.inTime) return raced.outcome;
      late = raced?.outcome ?? late;
    }
    if (!late) return { verdict: 'not run', note: `in ${TRIES} tries the edit never fell into the scan` };
    return { ...late, note: [late.note, 'edited a second later'].filter(Boolean).join(', ') };
  },
};

interface Raced {
  readonly outcome: Outcome;
  /** True if the edit came within the second of the file's mtime. */
  readonly inTime: boolean;
}

/** Returns `undefined` where the edit came before the file was read, or after the scan. */
function race(tool: Tool): Promise<Raced | undefined> {
  return withPlace(tool, {}, async (place) => {
    const file = join(place.root, 'edited');
    const busy = join(place.root, BUSY_FILE);
    // In this order, because borg reads files in the order of their inodes.
    writeFileSync(file, BEFORE);
    writeFileSync(busy, '');
    truncateSync(busy, tool.busyBytes);
    // Mercurial remembers no stat of a file that it commits, only of one that it finds unchanged later.
    await runCommand(place, tool.scan(place));
    await startOfASecond();
    const second = wholeSecond();
    // In this order, because borg forgets the newest.
    for (const touched of [file, busy]) utimesSync(touched, new Date(), new Date());

    let ended = false;
    let edit = Promise.resolve(false);
    const scan = runCommand(place, tool.scan(place), (pid) => {
      edit = untilBusy(pid, busy, () => ended).then(() => {
        writeInPlace(file, AFTER);
        return !ended;
      });
    });
    const first = await scan.finally(() => (ended = true));
    const inScan = await edit;
    const editedSecond = Math.floor(statSync(file).mtimeMs / 1000);
    const recorded = await tool.contents(place, first);
    if (!inScan || recorded?.get('edited') !== digest(Buffer.from(BEFORE))) return undefined;

    await sleep(1500);
    const outcome = await scanAndJudge(tool, place);
    return { outcome, inTime: editedSecond === second };
  });
}

async function startOfASecond(): Promise<void> {
  await sleep(1020 - (Date.now() % 1000));
}

function wholeSecond(): number {
  return Math.floor(Date.now() / 1000);
}

/** Waits until a process or a child of it has a file open or mapped, or it has ended. */
async function untilBusy(pid: number, file: string, hasEnded: () => boolean): Promise<void> {
  while (!hasEnded() && ![pid, ...childrenOf(pid)].some((each) => uses(each, file))) await sleep(2);
}

function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return children.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function uses(pid: number, file: string): boolean {
  const directory = `/proc/${pid}/fd`;
  try {
    if (readdirSync(directory).some((name) => linkTarget(join(directory, name)) === file)) return true;
    return readFileSync(`/proc/${pid}/maps`, 'utf8').includes(file);
  } catch {
    // Ended, or a system without /proc.
    return false;
  }
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
