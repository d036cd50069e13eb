import { letGrowOld } from './old-tree.js';
import { runCommand } from './run-command.js';
import { areSame, treeContents } from './tree-contents.js';
import type { Contents, Outcome, Place, Ran, Tool } from './types.js';

/** Scans, and judges by what was recorded whether the tool knows what the tree holds now. */
export async function scanAndJudge(tool: Tool, place: Place): Promise<Outcome> {
  const scan = await runCommand(place, tool.scan(place));
  const recorded = await tool.contents(place, scan);
  const right = treeContents(place.root);
  if (areSame(recorded, right)) {
    return { verdict: 'sees it', note: tool.isDone(scan) ? '' : complaint(place, scan) };
  }
  if (!tool.isDone(scan))
    return { verdict: hasCrashed(scan) ? 'fails' : 'refuses', note: complaint(place, scan) };
  if (recorded === undefined) return { verdict: 'fails', note: 'what it recorded cannot be read back' };
  const warning = scan.stderr.toString().trim() === '' ? '' : `; ${complaint(place, scan)}`;
  return { verdict: 'misses it', note: `wrong are ${differences(recorded, right).join(', ')}${warning}` };
}

/** Returns the names that two contents do not agree on. */
function differences(a: Contents, b: Contents): string[] {
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names].filter((name) => a.get(name) !== b.get(name)).map(quote);
}

function quote(text: string): string {
  return `\`${text.replaceAll(/[`\p{Cc}]/gu, '?')}\``;
}

/**
 * Brings a tool to where it knows a tree and need not read it again. Twice, because Mercurial remembers the stat of a file
 * only at the next look.
 */
export async function getToKnow(tool: Tool, place: Place): Promise<void> {
  for (const round of ['first', 'second']) {
    await letGrowOld(place, round);
    const { verdict, note } = await scanAndJudge(tool, place);
    if (verdict !== 'sees it') throw new Error(`${round} scan, before any edit: ${verdict} ${note}`);
  }
}

/** Returns true if a command ended in a way that its authors did not mean. */
function hasCrashed({ exit, stdout, stderr }: Ran): boolean {
  // hg aborts with 255.
  const bySignal = exit > 128 && exit < 255;
  return bySignal || /Traceback|unknown exception|^panic:/m.test(stderr.toString() + stdout.toString());
}

/** Returns the line in which a command says what is wrong, and its exit code. */
export function complaint({ root, state }: Place, { exit, stdout, stderr }: Ran): string {
  const lines = `${stderr.toString()}\n${stdout.toString()}`.split('\n').map((line) => line.trim());
  const telling = lines.find((line) => /^(fatal|abort|error|muse:)|error:|denied|corrupt/i.test(line));
  const said = telling ?? lines.find((line) => line !== '') ?? 'nothing';
  return `exit code ${exit}, ${quote(said.replaceAll(root, '…').replaceAll(state, '…'))}`;
}
