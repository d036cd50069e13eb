import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { toFsPath, treePathFromBytes } from '@muse/paths';
import { htmlOf, reportOf, type ReportSide } from '@muse/report';
import { parts } from '@muse/report/page';
import type { Comparison } from './commands/diff/compare.js';
import type { Operand } from './operands.js';
import { terminalLines } from './terminal/answer.js';
import { hintIfInTree, outputFile, writeFile } from './terminal/output-file.js';
import { printableJson } from './terminal/printable.js';
import type { Reporter } from './terminal/reporter.js';
import { stdoutIsTerminal, writeStdout } from './terminal/streams.js';
import { temporaryFiles } from './terminal/temporary-files.js';

/** Writes what differs as one page, into a file or to stdout. */
export async function writePage(comparison: Comparison, named: string, reporter: Reporter): Promise<void> {
  const { before, after, diff, damaged } = comparison;
  const [old, now] = comparison.compared;
  const directory = [after, before].find(({ taken }) => taken);
  const report = reportOf({
    title: directory && (await directoryName(directory)),
    before: { ...sideOf(before), snapshot: old },
    after: { ...sideOf(after), snapshot: now },
    diff,
    damaged: damaged.map(({ error }) => error.message),
    made: new Date(),
  });
  const html = htmlOf(report, parts);
  const forTerminal = (chunks: Iterable<Uint8Array>): Iterable<Uint8Array> =>
    terminalLines(chunks, printableJson);
  const file = outputFile(named);
  if (file === undefined) {
    await writeStdout(stdoutIsTerminal() ? forTerminal(html) : html);
    return;
  }
  const isNewFile = await writeFile(file, html, { temporaryFiles, forTerminal });
  if (!isNewFile) return;
  const trees = new Set([before, after].flatMap(({ name, taken }) => (taken ? [name] : [])));
  for (const tree of trees) await hintIfInTree(tree, file, reporter);
}

/** Returns the name of a directory, however it was reached. */
async function directoryName({ name }: Operand): Promise<string> {
  return basename(treePathFromBytes(await realpath(toFsPath(name), 'buffer'))) || name;
}

function sideOf({ name, taken, saved }: Operand): Omit<ReportSide, 'snapshot'> {
  return { name, taken, saved };
}
