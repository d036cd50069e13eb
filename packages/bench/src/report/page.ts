import {
  CASE_NAMES,
  caseTitles,
  type Engine,
  type Machine,
  type Measurement,
  type Results,
  type TreeFacts,
} from '../results.js';
import { caseTable } from './case-table.js';
import { fasterTable } from './faster-table.js';
import { count, decimals } from './figures.js';
import { behaviourTables } from './behaviour-tables.js';
import { targetTable } from './target-table.js';
import { watchingTable } from './watching-table.js';

/** The names of a chart, in the page and on disk. */
export interface ChartFile {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

/** Puts together what a run has to say, as Markdown; charts are linked below `folder`. */
export function reportPage(results: Results, charts: readonly ChartFile[], folder: string): string {
  const sections = [
    conditions(results),
    ...(charts.length > 0
      ? ['## Charts', ...charts.map(({ file, title }) => `![${title}](${folder}/${file})`)]
      : []),
    '## Targets',
    targetTable(results),
    ...whereFaster(results),
    ...results.trees.flatMap((tree) => treeSection(results, tree)),
    ...watchingSection(results),
    ...withoutTree(results),
    ...behaviourTables(results),
  ];
  return sections.join('\n\n');
}

function conditions(results: Results): string {
  const { date, quick, rounds, machine, engine, programs, skipped, trees, measurements } = results;
  const warning = quick
    ? ['**A quick run: small trees and few rounds. These figures mean nothing.**', '']
    : [];
  const round = `${rounds} ${rounds === 1 ? 'round' : 'rounds'}`;
  return [
    ...warning,
    `Run on ${date}: ${machineLine(machine)}. ${round} in turn after one that is thrown away. ${ENGINES[engine]}`,
    '',
    limits(machine, measurements),
    '',
    `Beside Muse: ${programs.map(({ name, version }) => `${name} ${version}`).join(', ') || 'nothing'}.`,
    ...(skipped.length > 0 ? ['', 'Not measured:', ''] : []),
    ...skipped.map(({ name, reason }) => `- ${name}: ${oneLine(reason)}`),
    '',
    'Trees:',
    '',
    ...trees.map((tree) => `- ${tree.name}: ${treeLine(tree)}`),
  ].join('\n');
}

const ENGINES: Readonly<Record<Engine, string>> = {
  native: 'Muse ran on its native engine, except where the one in TypeScript is named.',
  typescript:
    'Muse ran on its engine in TypeScript, since there is no native one here; the targets are meant for that.',
};

function limits({ cores }: Machine, measurements: readonly Measurement[]): string {
  const processors = cores === 1 ? 'one core' : `${cores} cores`;
  const disk = measurements.some((each) => each.case === 'disk')
    ? 'another disk than the one behind the case that says so'
    : 'files that are not in the page cache and so come from a disk';
  return (
    `**Not shown:** more or fewer than ${processors}, another kind of processor, ${disk}, and files that come over a ` +
    'network. A ratio may differ there.'
  );
}

function machineLine({ cpu, cores, memoryBytes, kernel, fileSystem, node }: Machine): string {
  const memory = `${decimals(memoryBytes / 2 ** 30, 0)} GiB of memory`;
  return `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${memory}, ${kernel}, ${fileSystem}, Node ${node}`;
}

function treeLine({ files, directories, bytes, description }: TreeFacts): string {
  const inside = `${count(files)} ${files === 1 ? 'file' : 'files'}`;
  const where = `${count(directories)} ${directories === 1 ? 'directory' : 'directories'}`;
  return `${inside} in ${where}, ${decimals(bytes / 1e6, 1)} MB. ${description}`;
}

function whereFaster(results: Results): string[] {
  const table = fasterTable(results);
  return table === undefined ? [] : ['## Where another program is faster', table];
}

function treeSection(results: Results, { name }: TreeFacts): string[] {
  const tables = CASE_NAMES.flatMap((caseName) => {
    const table = caseTable(results, name, caseName);
    return table === undefined ? [] : [`### ${caseTitles[caseName]} (${name})`, table];
  });
  return tables.length > 0 ? [`## Tree: ${name}`, ...tables] : [];
}

function watchingSection(results: Results): string[] {
  const table = watchingTable(results);
  if (table === undefined) return [];
  const method =
    'A process keeps the tree and asks again and again; between two questions files are edited, spread over the tree. ' +
    'Medians. What `git status` takes on the same tree, with its untracked cache too, stands in the warm tables.';
  return ['## Watching', method, table];
}

function withoutTree(results: Results): string[] {
  const [first] = results.measurements.filter((each) => each.case === 'start');
  const table = first && caseTable(results, first.tree, 'start');
  return table === undefined ? [] : [`## ${caseTitles.start}`, table];
}

/** A reason may be what a program printed. */
function oneLine(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[*_<>[\]|\\`]/g, ' ')
    .trim();
}
