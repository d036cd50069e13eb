import { allShapes, type CommandShape, type Offer, type OptionShape } from './shape.js';

/** Writes the completion of fish. */
export function fishCompletion(program: CommandShape): string {
  const lines = [...allShapes(program)].flatMap((shape) => [
    ...shape.commands.map((inner) =>
      line(shape, `-f -a ${inner.words.at(-1) ?? ''} -d ${quoted(inner.summary)}`),
    ),
    // What fish offers by itself are files.
    ...(shape.argument && shape.commands.length === 0 ? [line(shape, offerWords(shape.argument))] : []),
    ...shape.options.map((option) => line(shape, optionWords(option))),
  ]);
  return `# fish completion for muse; see 'muse completion --help'
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

function optionWords({ names, description, value }: OptionShape): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const offer = value ? ` -r ${offerWords(value)}` : '';
  return `${flags.join(' ')}${offer} -d ${quoted(description)}`;
}

function offerWords(offer: Offer): string {
  switch (offer.kind) {
    case 'one of':
      return `-f -a ${quoted(offer.words.join(' '))}`;
    case 'file':
      return '-F';
    case 'directory':
      return `-f -a ${quoted('(__fish_complete_directories)')}`;
    case 'nothing':
      return '-f';
  }
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
