/**
 * Runs muse and its peers on the same edits, each in a fresh tree, and prints who saw them, as Markdown:
 * `node dist/head-to-head.js [--tool git] [--case scan] [--write]`. With `--write` the table goes into
 * `docs/guarantees.md`, and what it rests on into `docs/head-to-head.md`.
 */
import { execFileSync } from 'node:child_process';
import { release, tmpdir, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { borg } from './head-to-head/borg.js';
import { damageCases } from './head-to-head/damage.js';
import { editCases } from './head-to-head/edits.js';
import { git } from './head-to-head/git-tool.js';
import { mercurial } from './head-to-head/mercurial.js';
import { muse } from './head-to-head/muse-tool.js';
import { nameAndRightCases } from './head-to-head/names-and-rights.js';
import { raceCase } from './head-to-head/race.js';
import { details, summary, writeBetweenMarks, type ToolResult } from './head-to-head/report.js';
import { restic } from './head-to-head/restic.js';
import type { Case, Outcome, Tool } from './head-to-head/types.js';

const { values } = parseArgs({
  options: {
    tool: { type: 'string', default: '' },
    case: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});
const tools = [muse, git, mercurial, borg, restic].filter(({ name }) => isWanted(name, values.tool));
const cases = [...editCases, raceCase, ...damageCases, ...nameAndRightCases].filter(({ name }) =>
  isWanted(name, values.case),
);

const results: ToolResult[] = [];
const absent: string[] = [];
for (const tool of tools) {
  const version = versionOf(tool);
  if (version === undefined) {
    absent.push(tool.name);
    continue;
  }
  const outcomes = new Map<string, Outcome>();
  for (const each of cases) {
    const outcome = await outcomeOf(tool, each);
    outcomes.set(each.name, outcome);
    console.error(`${tool.name}, ${each.name}: ${outcome.verdict} ${outcome.note}`);
  }
  results.push({ name: tool.name, version, outcomes });
}

const table = summary(cases, results, {
  date: new Date().toISOString().slice(0, 10),
  system: system(),
  absent,
});
const reasons = details(cases, results);
if (values.write) {
  writeBetweenMarks(documentOf('guarantees.md'), table);
  writeBetweenMarks(documentOf('head-to-head.md'), reasons);
} else {
  console.log(`${table}\n\n${reasons}`);
}

function documentOf(name: string): string {
  return fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url));
}

function isWanted(name: string, part: string): boolean {
  return name.toLowerCase().includes(part.toLowerCase());
}

function versionOf({ version: { program, args } }: Tool): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

async function outcomeOf(tool: Tool, each: Case): Promise<Outcome> {
  try {
    return await each.run(tool);
  } catch (error) {
    // A case that could not be set up says nothing about the tool.
    return { verdict: 'not run', note: (error as Error).message.split('\n')[0] ?? '' };
  }
}

function system(): string {
  const columns = execFileSync('df', ['--output=fstype', tmpdir()], { encoding: 'utf8' });
  return `${type()} ${release().split('-')[0] ?? ''}, ${columns.trim().split('\n').at(-1) ?? ''}, Node ${process.versions.node}`;
}
