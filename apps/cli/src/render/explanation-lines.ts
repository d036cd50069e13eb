import type { Explanation, FieldMiss, FileExplanation, SpecialFileKind } from '@muse/snapshot';
import { problemLine } from './problem-lines.js';
import { instant } from './times.js';

/** Says in a few lines what becomes of a tree path, and why. */
export function explanationLines(path: string, explanation: Explanation): string[] {
  switch (explanation.outcome) {
    case 'hit':
    case 'miss':
      return fileLines(explanation);
    case 'directory':
      return ['directory: a snapshot holds the files in it, and not the directory itself'];
    case 'ignored':
      return [`ignored: ${ruleText(explanation.rule)}`, ...whereAbove(path, explanation.at)];
    case 'reserved':
      return ['reserved: everything of this name is left out', ...whereAbove(path, explanation.at)];
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
    return ['hit: its stat is the one in the cache, so that it is not read', explanation.objectId];
  }
  const label = `miss (${explanation.reason}):`;
  switch (explanation.reason) {
    case 'new':
      return [`${label} it is not in the cache, so that it is read`, ...racyGuess(explanation.probablyRacy)];
    case 'racy':
      return [`${label} it had changed too recently when it was hashed, so that it is read again`];
    case 'cache-reset':
      return [`${label} the cache cannot be used (${explanation.discarded}), so that everything is read`];
    default:
      return [
        `${label} its ${fieldNames[explanation.reason]} is not the one in the cache, so that it is read again`,
        `cached  ${valueText(explanation.reason, explanation.before)}`,
        `now     ${valueText(explanation.reason, explanation.after)}`,
      ];
  }
}

function racyGuess(probablyRacy: boolean): string[] {
  if (!probablyRacy) return [];
  return ['it changed shortly before the cache was saved, and most likely was left out for that (racy)'];
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

/** Names a rule, and the place where it stands. */
export function ruleText(rule: Extract<Explanation, { outcome: 'ignored' }>['rule']): string {
  if (rule === undefined) return 'a rule leaves it out';
  const line = rule.line === undefined ? '' : `line ${rule.line} of `;
  const file = rule.file === undefined ? ' given with --exclude' : `, ${line}${rule.file}`;
  const table = rule.table === undefined ? '' : ` in [${rule.table}]`;
  return `the pattern '${rule.pattern}'${table}${file}`;
}

/** Names the entry that decides where it is not the path itself. */
function whereAbove(path: string, at: string): string[] {
  if (at === path) return [];
  return [`decided at ${at === '' ? 'the root' : at}, above it`];
}
