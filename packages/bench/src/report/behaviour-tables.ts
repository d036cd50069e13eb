import { caseTitles, type Measurement, type Results } from '../results.js';
import { decimals } from './figures.js';
import { markdownTable } from './markdown-table.js';

/** Kinds of system calls that are named, the most frequent first. */
const KINDS = 6;

/** Returns, as sections, how long event loops were held and which system calls were made, where that was measured. */
export function behaviourTables({ measurements }: Results): string[] {
  return [
    ...section('## Event-loop delay', eventLoopTable(measurements)),
    ...section('## System calls a file', systemCallTable(measurements)),
  ];
}

function section(title: string, table: string | undefined): string[] {
  return table === undefined ? [] : [title, table];
}

function eventLoopTable(measurements: readonly Measurement[]): string | undefined {
  const rows = measurements.flatMap((each) => {
    const { eventLoopDelay } = each;
    return eventLoopDelay
      ? [[...whereAndWhat(each), decimals(eventLoopDelay.p99, 1), decimals(eventLoopDelay.max, 1)]]
      : [];
  });
  if (rows.length === 0) return undefined;
  return markdownTable(['tree', 'case', '', 'p99, ms', 'max, ms'], rows, new Set([0, 1, 2]));
}

function systemCallTable(measurements: readonly Measurement[]): string | undefined {
  const rows = measurements.flatMap((each) => {
    const { systemCallsPerFile } = each;
    if (!systemCallsPerFile) return [];
    const kinds = Object.entries(systemCallsPerFile).map(([kind, calls]) => ({ kind, calls }));
    const all = sum(kinds);
    const others = sum(kinds.slice(KINDS));
    const listed = [...kinds.slice(0, KINDS), ...(others > 0 ? [{ kind: 'others', calls: others }] : [])]
      .map(({ kind, calls }) => `${kind} ${decimals(calls, 2)}`)
      .join(', ');
    return [[...whereAndWhat(each), decimals(all, 2), listed]];
  });
  if (rows.length === 0) return undefined;
  return markdownTable(['tree', 'case', '', 'all', 'by kind'], rows, new Set([0, 1, 2, 4]));
}

function whereAndWhat({ tree, case: caseName, name }: Measurement): string[] {
  return [tree, caseTitles[caseName].split(':')[0] ?? '', name];
}

function sum(kinds: readonly { readonly calls: number }[]): number {
  return kinds.reduce((total, { calls }) => total + calls, 0);
}
