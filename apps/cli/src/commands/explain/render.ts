import type { Explanation, FieldMiss, FileExplanation, SpecialFileKind } from '@muse/snapshot';
import { problemLine, ruleText } from '../../failures.js';
import type { Line } from '../../terminal/answer.js';
import { epochSeconds, instant } from '../../terminal/format.js';
import type { Style } from '../../terminal/paint.js';

/** A path, explained. */
export interface Explained {
  /** The path as it was typed. */
  readonly name: string;
  /** The working tree that it belongs to. */
  readonly root: string;
  /** Its tree path there. */
  readonly path: string;
  readonly explanation: Explanation;
}

/** Returns a block for each path: its name as it was typed, and below it what becomes of it. */
export function* explanationBlocks(answers: readonly Explained[]): Iterable<Line> {
  for (const [index, { name, path, explanation }] of answers.entries()) {
    if (index > 0) yield '';
    yield name;
    const [first = '', ...more] = explanationLines(path, explanation);
    const end = first.indexOf(':');
    yield ['  ', { style: styles[explanation.outcome], text: first.slice(0, end) }, first.slice(end)];
    for (const line of more) yield `  ${line}`;
  }
}

const styles = {
  hit: 'green',
  miss: 'yellow',
  directory: 'dim',
  ignored: 'cyan',
  reserved: 'cyan',
  special: 'cyan',
  outside: 'cyan',
  unreadable: 'red',
  absent: 'red',
} as const satisfies Record<Explanation['outcome'], Style>;

/** Says in a few lines what becomes of a tree path, and why. */
export function explanationLines(path: string, explanation: Explanation): string[] {
  switch (explanation.outcome) {
    case 'hit':
    case 'miss':
      return fileLines(explanation);
    case 'directory':
      return ['directory: a snapshot holds the files in it, not the directory itself'];
    case 'ignored':
      return [`ignored: ${ruleText(explanation.rule)}`, ...whereAbove(path, explanation.at)];
    case 'reserved':
      return ['reserved: everything with this name is left out', ...whereAbove(path, explanation.at)];
    case 'special':
      return [`special: ${kindTexts[explanation.kind]}`, ...whereAbove(path, explanation.at)];
    case 'outside':
      return ['outside: another file system is mounted there', ...whereAbove(path, explanation.at)];
    case 'unreadable':
      return [`unreadable: ${problemLine(explanation.problem)}`];
    case 'absent':
      return ['absent: there is no such file or directory', ...whereAbove(path, explanation.at)];
  }
}

function fileLines(explanation: FileExplanation): string[] {
  if (explanation.outcome === 'hit') {
    return ['hit: its stat matches the cache, so it is not read', explanation.objectId];
  }
  const label = `miss (${explanation.reason}):`;
  switch (explanation.reason) {
    case 'new':
      return [`${label} it is not in the cache, so it is read`, ...racyGuess(explanation.probablyRacy)];
    case 'racy':
      return [`${label} it changed too shortly before it was hashed, so it is read again`];
    case 'cache-reset':
      return [`${label} the cache cannot be used (${explanation.discarded}), so every file is read`];
    default:
      return [
        `${label} its ${fieldNames[explanation.reason]} differs from the cache, so it is read again`,
        `cached  ${valueText(explanation.reason, explanation.before)}`,
        `now     ${valueText(explanation.reason, explanation.after)}`,
      ];
  }
}

function racyGuess(probablyRacy: boolean): string[] {
  if (!probablyRacy) return [];
  return ['it changed shortly before the cache was saved, and was probably left out for that (racy)'];
}

const fieldNames: Readonly<Record<FieldMiss['reason'], string>> = {
  size: 'size',
  mtime: 'modification time (mtime)',
  ctime: 'inode change time (ctime)',
  inode: 'inode number',
};

function valueText(field: FieldMiss['reason'], value: bigint | undefined): string {
  if (value === undefined) return 'not known';
  if (field === 'inode') return String(value);
  return field === 'size' ? `${String(value)} bytes` : instant(value);
}

const kindTexts: Readonly<Record<SpecialFileKind, string>> = {
  symlink: 'a symbolic link is neither listed nor followed',
  fifo: 'a named pipe is neither listed nor opened',
  socket: 'a socket is neither listed nor opened',
  device: 'a device is neither listed nor opened',
  unknown: 'it is neither a regular file nor a directory',
};

/** Names the entry that decides where it is not the path itself. */
function whereAbove(path: string, at: string): string[] {
  if (at === path) return [];
  return [`decided at ${at === '' ? 'the root' : at}, above it`];
}

/**
 * Returns what `--json` prints of one path. Numbers that may be too large for a JSON reader are texts: bytes, inode
 * numbers, and times as seconds since the Unix epoch with nine decimals.
 */
export function explanationDocument({ name, root, path, explanation }: Explained): object {
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
