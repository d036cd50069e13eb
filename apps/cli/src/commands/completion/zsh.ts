import type { Offer } from '../../definition.js';
import { allShapes, quoted, type CommandShape, type OptionShape } from './shape.js';

/** Writes the completion of zsh: to be read with `source`, or kept as `_muse` on its `fpath`. */
export function zshCompletion(program: CommandShape): string {
  return `#compdef muse
# zsh completion for muse; see 'muse completion --help'

# Saved snapshots, by the names of their files: nothing of a tree is read.
__muse_saved() {
  local directory=$PWD file MATCH
  local -a match mbegin mend
  local -a ids=(latest latest~1)
  while [[ -n $directory && ! -d $directory/.muse ]]; do directory=\${directory%/*}; done
  for file in "$directory"/.muse/snapshots/*.json(N:t); do
    [[ $file =~ '^[0-9]{8}T[0-9]{6}\\.[0-9]{3}Z-([0-9a-f]{12})[0-9a-f]{52}-[0-9a-f]{8}\\.json$' ]] && ids+=($match[1])
  done
  compadd -a ids
}

__muse_snapshots() {
  _alternative 'saved:saved snapshot:__muse_saved' 'files:file:_files'
}

${[...allShapes(program)].map(functionOf).join('\n\n')}

if [[ $funcstack[1] == _muse ]]; then
  _muse "$@"
else
  compdef _muse muse
fi
`;
}

function functionOf(shape: CommandShape): string {
  const specs = shape.options.flatMap(optionSpecs);
  const isGroup = shape.commands.length > 0;
  if (isGroup) specs.push(quoted('1: :->command'), quoted('*:: :->rest'));
  else if (shape.offer !== undefined) specs.push(quoted(`*${offerSpec('argument', shape.offer)}`));
  const body = `  _arguments ${isGroup ? '-C ' : ''}-s -S \\\n    ${specs.join(' \\\n    ')}\n`;
  return `${nameOf(shape)}() {\n${isGroup ? groupBody(shape, body) : body}}`;
}

/** After the words up to a command, it is left to the function of that. */
function groupBody({ commands }: CommandShape, body: string): string {
  const described = commands.map(({ words, summary }) => quoted(`${words.at(-1) ?? ''}:${summary}`));
  const cases = commands.map((inner) => `        ${inner.words.at(-1) ?? ''}) ${nameOf(inner)} ;;`);
  return `  local context state state_descr line
  typeset -A opt_args
${body}  case $state in
    command)
      local -a commands=(
        ${described.join('\n        ')}
      )
      _describe -t commands 'command' commands
      ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac
      ;;
  esac
`;
}

function nameOf({ words }: CommandShape): string {
  return ['_muse', ...words].join('_');
}

function optionSpecs({ names, text, hasValue, offer, repeatable }: OptionShape): string[] {
  const others = names.length > 1 && !repeatable ? `(${names.join(' ')})` : '';
  return names.map((name) => {
    // A long option takes its value behind a space or =.
    const takes = hasValue && name.startsWith('--') ? '=' : '';
    const shown = text.replace(/[[\]:\\]/g, '\\$&');
    const value = hasValue ? offerSpec('value', offer) : '';
    return quoted(`${repeatable ? '*' : others}${name}${takes}[${shown}]${value}`);
  });
}

function offerSpec(message: string, offer: Offer | undefined): string {
  if (offer === undefined) return `:${message}: `;
  if (offer === 'file') return `:${message}:_files`;
  if (offer === 'directory') return `:${message}:_files -/`;
  if (offer === 'saved') return `:${message}:__muse_saved`;
  if (offer === 'snapshot') return `:${message}:__muse_snapshots`;
  return `:${message}:(${offer.join(' ')})`;
}
