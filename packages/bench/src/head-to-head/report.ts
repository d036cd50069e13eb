import { readFileSync, writeFileSync } from 'node:fs';
import type { Case, Outcome } from './types.js';

/** The results of one tool in all cases. */
export interface ToolResult {
  readonly name: string;
  /** As the tool prints it. */
  readonly version: string;
  /** The outcomes by the name of the case. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** The conditions of a run. */
export interface Conditions {
  /** ISO date. */
  readonly date: string;
  /** Kernel, file system, Node. */
  readonly system: string;
  /** Tools that are not installed here. */
  readonly absent: readonly string[];
}

/** Returns the conditions of a run and its table, as Markdown. */
export function summary(
  cases: readonly Case[],
  results: readonly ToolResult[],
  conditions: Conditions,
): string {
  const { date, system, absent } = conditions;
  const lines = [
    `Run on ${date}, ${system}.`,
    '',
    ...results.map(({ name, version }) => `- ${name}: \`${version}\``),
    ...absent.map((name) => `- ${name}: not installed here, skipped`),
    '',
    ...table(cases, results),
  ];
  return lines.join('\n');
}

/** Returns what is done in each case and what each verdict rests on, as Markdown. */
export function details(cases: readonly Case[], results: readonly ToolResult[]): string {
  return cases.map((each) => detailsOf(each, results)).join('\n\n');
}

function table(cases: readonly Case[], results: readonly ToolResult[]): string[] {
  const head = ['case', ...results.map(({ name }) => name)];
  const rows = cases.map(({ name }) => [name, ...results.map(({ outcomes }) => cell(outcomes.get(name)))]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], fill = ' ') =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`;
  const rule = head.map(() => '');
  return [line(head), line(rule, '-'), ...rows.map((row) => line(row))];
}

function cell(outcome: Outcome | undefined): string {
  const verdict = outcome?.verdict ?? 'not run';
  return verdict === 'misses it' ? `**${verdict}**` : verdict;
}

function detailsOf({ name, what }: Case, results: readonly ToolResult[]): string {
  const verdicts = results.flatMap((result) => {
    const outcome = result.outcomes.get(name);
    return outcome ? [`- ${result.name} ${[outcome.verdict, outcome.note].filter(Boolean).join(': ')}`] : [];
  });
  return [`## ${capital(name)}`, what, verdicts.join('\n')].join('\n\n');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const BEGIN = '<!-- head-to-head: generated from here -->';
const END = '<!-- head-to-head: generated up to here -->';

/** Puts a text between the two marks of a document. */
export function writeBetweenMarks(file: string, text: string): void {
  const document = readFileSync(file, 'utf8');
  const [start, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`Cannot write to ${file}: the two marks are missing`);
  writeFileSync(file, `${document.slice(0, start + BEGIN.length)}\n\n${text}\n\n${document.slice(end)}`);
}
