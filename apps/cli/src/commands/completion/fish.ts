import type { Offer } from '../../definition.js';
import { allShapes, type CommandShape, type OptionShape } from './shape.js';

/** Writes the completion of fish. */
export function fishCompletion(program: CommandShape): string {
  const lines = [...allShapes(program)].flatMap((shape) => [
    ...shape.commands.map((inner) =>
      line(shape, `-f -a ${inner.words.at(-1) ?? ''} -d ${quoted(inner.summary)}`),
    ),
    // What fish offers by itself are files.
    ...(shape.offer === undefined ? [] : [line(shape, offerWords(shape.offer))]),
    ...shape.options.map((option) => line(shape, optionWords(option))),
  ]);
  return `# fish completion for muse; see 'muse completion --help'
# Saved snapshots, by the names of their files: nothing of a tree is read.
function __muse_saved
    set -l directory $PWD
    while test -n "$directory"; and not test -d "$directory/.muse"
        set directory (string replace -r '/[^/]*$' '' -- $directory)
    end
    printf '%s\\n' latest latest~1
    for file in $directory/.muse/snapshots/*.json
        string replace -rf '^.*/[0-9]{8}T[0-9]{6}\\.[0-9]{3}Z-([0-9a-f]{12})[0-9a-f]{52}-[0-9a-f]{8}\\.json$' '$1' -- $file
    end
end

complete -c muse -e
complete -c muse -f
${lines.join('\n')}
`;
}

function line(shape: CommandShape, words: string): string {
  return `complete -c muse -n ${quoted(condition(shape))} ${words}`;
}

/** True where a command line has come to this command, and to none in it. */
function condition({ words, commands }: CommandShape): string {
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const inner = commands.map((command) => command.words.at(-1) ?? '');
  if (inner.length > 0) seen.push(`not __fish_seen_subcommand_from ${inner.join(' ')}`);
  return seen.join('; and ');
}

function optionWords({ names, text, hasValue, offer }: OptionShape): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = hasValue ? ` -r ${offerWords(offer)}` : '';
  return `${flags.join(' ')}${value} -d ${quoted(text)}`;
}

function offerWords(offer: Offer | undefined): string {
  if (offer === undefined) return '-f';
  if (offer === 'file') return '-F';
  if (offer === 'directory') return `-f -a ${quoted('(__fish_complete_directories)')}`;
  if (offer === 'saved') return `-f -a ${quoted('(__muse_saved)')}`;
  if (offer === 'snapshot') return `-F -a ${quoted('(__muse_saved)')}`;
  return `-f -a ${quoted(offer.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
