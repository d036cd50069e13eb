import type { Explanation } from '@muse/snapshot';
import type { ExplainAnswer } from '../commands/explain.js';
import { ExitCode } from '../exit-code.js';
import type { ExplainRequest } from '../request.js';
import { explanationLines } from './explanation-lines.js';
import { epochSeconds } from './times.js';
import { writeJson, writeLines } from './write-answer.js';

/** Prints a block for each path: its name as it was typed, and below it what becomes of it. */
export async function renderExplain(
  answers: readonly ExplainAnswer[],
  { json }: ExplainRequest,
): Promise<ExitCode> {
  if (json) await writeJson({ version: 1, explanations: answers.map(explanationDocument) });
  else await writeLines(blocks(answers));
  const absent = answers.some(({ explanation }) => explanation.outcome === 'absent');
  if (absent) return ExitCode.failed;
  return answers.some(({ lacksRules }) => lacksRules) ? ExitCode.incomplete : ExitCode.done;
}

function* blocks(answers: readonly ExplainAnswer[]): Iterable<string> {
  for (const [index, { name, path, explanation }] of answers.entries()) {
    if (index > 0) yield '';
    yield name;
    for (const line of explanationLines(path, explanation)) yield `  ${line}`;
  }
}

/**
 * Returns what `--json` prints of one path. Numbers that may be too large for a JSON reader are texts: bytes, inode
 * numbers, and times as seconds since the Unix epoch with nine decimals.
 */
export function explanationDocument({ name, root, path, explanation }: ExplainAnswer): object {
  return { name, root, path, ...fields(explanation) };
}

function fields(explanation: Explanation): object {
  if (explanation.outcome === 'hit') return { outcome: 'hit', object_id: explanation.objectId };
  if (explanation.outcome !== 'miss') return explanation;
  switch (explanation.reason) {
    case 'racy':
    case 'cache-reset':
      return explanation;
    case 'new':
      return { outcome: 'miss', reason: 'new', probably_racy: explanation.probablyRacy };
    default: {
      const { outcome, reason, before, after } = explanation;
      const text = reason === 'mtime' || reason === 'ctime' ? epochSeconds : String;
      return { outcome, reason, before: before === undefined ? null : text(before), after: text(after) };
    }
  }
}
