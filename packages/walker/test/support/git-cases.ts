import { treePathToBytes } from '@muse/paths';

/** One case: what each file of patterns holds, by its path. */
export type GitCase = ReadonlyMap<string, Buffer>;

/** Names of which each directory holds a file. */
export const names: readonly string[] = [
  'a',
  'b',
  'c',
  'ab',
  'abc',
  'a.b',
  'b.a',
  '.a',
  'A',
  'a b',
  'a ',
  ' a',
  'a\t',
  'a\r',
  '[a]',
  'a]',
  '-',
  'a\\b',
  '\\',
  'é',
  '\udcff',
  '#a',
  '!a',
  '*',
  '**',
  '?',
  '1',
  '_',
  'a\nb',
  '\ufeffa',
];

/** Names of directories. */
export const directories: readonly string[] = ['d', 'd.b', 'b', 'dd', '[d]', 'D', 'é', 'x y'];

const atoms = [
  ...['a', 'a', 'a', 'b', 'b', 'c', 'd', 'd', 'A', 'D', '.', '.a', '1', '_', '-', 'é', '\udcff', ' ', '\t'],
  ...['*', '*', '*', '*', '**', '**', '***', '?', '?', '#', '!', ']', '[', '\\', '\\\\'],
  ...['\\a', '\\*', '\\?', '\\[', '\\ ', '\\#', '\\!', '\\/', '\\é'],
  ...[
    '[ab]',
    '[!a]',
    '[^a]',
    '[a-c]',
    '[a-]',
    '[-a]',
    '[]a]',
    '[!]a]',
    '[\\]a]',
    '[\\a-c]',
    '[c-a]',
    '[a-\\c]',
  ],
  ...[
    '[a-c-e]',
    '[[]',
    '[[:alpha:]]',
    '[![:digit:]_]',
    '[[:upper:][:space:]]',
    '[[:foo:]]',
    '[[:alpha]',
    '[[:]',
  ],
  ...[
    '[[::]]',
    '[[:a]',
    '[a/b]',
    '[*]',
    '[!-~]',
    '[\\\\]',
    '[é]',
    '[[:punct:]]',
    '[a-[:digit:]]',
    '[--1]',
    '[!]',
    '[]',
  ],
  ...[
    '[[:alnum:]]',
    '[[:cntrl:]]',
    '[[:graph:]]',
    '[[:print:]]',
    '[[:lower:]]',
    '[[:xdigit:]]',
    '[[:blank:]]',
  ],
];

/** Draws what the files of patterns of one case hold. */
export function randomCase(random: () => number): GitCase {
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = (list: readonly string[]) => list[below(list.length)] ?? '';
  const segment = () => {
    if (random() < 0.2) return '**';
    if (random() < 0.35) return pick([...directories, ...names.slice(0, 8)]);
    return Array.from({ length: 1 + below(4) }, () => pick(atoms)).join('');
  };
  const pattern = (): string => {
    const segments = Array.from({ length: 1 + below(random() < 0.5 ? 1 : 4) }, segment);
    const separator = random() < 0.03 ? '\\/' : random() < 0.02 ? '//' : '/';
    const text =
      pick(['', '', '', '', '!', '!', '/', '!/', '#', '\\#', '\\!', ' ', '//', '!!']) +
      segments.join(separator) +
      pick(['', '', '', '', '/', '/', ' ', '  ', '\\ ', '\\  ', '\\', '/ ', '//', '\t', '/**', '/*']);
    // What leaves out everything leaves nothing to compare.
    return /^[ /]*[*?/]+ *$/.test(text) && random() < 0.9 ? pattern() : text;
  };
  const wide = () =>
    pick([
      '*',
      '!*',
      '*/',
      '!*/',
      '!*/',
      '*b',
      'a*',
      '!a',
      '*.*',
      '!d/',
      'd',
      '**',
      '!**',
      '/**',
      '**/',
      'd/**',
      '!d/*',
    ]);
  const file = () => {
    const lines = Array.from({ length: 1 + below(6) }, () => (random() < 0.1 ? wide() : pattern()));
    const end = () => pick(['\n', '\n', '\n', '\n', '\n', '\n', '\r\n', '\r\r\n', '\n\n', ' \r\n', '\0x\n']);
    const text = lines.map((line) => line + end()).join('');
    const bytes = treePathToBytes(random() < 0.2 ? text.replace(/\r?\n$/, '') : text);
    return random() < 0.05 ? Buffer.concat([Buffer.from('\ufeff'), bytes]) : bytes;
  };
  const place = () => {
    // Only the first three hold directories themselves.
    const above = Array.from({ length: below(3) }, () => pick(directories.slice(0, 3)));
    return [...above.slice(0, 1), ...(random() < 0.3 ? [pick(directories)] : []), '.gitignore'].join('/');
  };
  const files = new Map([['.gitignore', file()]]);
  for (let count = below(4); count > 0; count--) files.set(place(), file());
  if (random() < 0.15) files.set('.git/info/exclude', file());
  if (random() < 0.2) files.delete('.gitignore');
  return files;
}

/** What `.git` must hold for git to take it for a repository. */
export const repository = { HEAD: 'ref: refs/heads/main\n', objects: {}, refs: {} } as const;
