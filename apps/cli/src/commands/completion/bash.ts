import type { Offer } from '../../definition.js';
import { allShapes, quoted, type CommandShape } from './shape.js';

/** Writes the completion of bash 3.2 or later; it needs no other script. */
export function bashCompletion(program: CommandShape): string {
  const shapes = [...allShapes(program)];
  return `# bash completion for muse; see 'muse completion --help'

_muse_words() {
  local line
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -W "$1" -- "$cur")
}

# Files, or with / directories alone. A name is never read from lines, because it may have several, and one that would be
# taken for an option gets a ./ before it. What has to be expanded first is left to bash.
_muse_files() {
  local name
  for name in "$cur"*$1; do
    [[ -e $name || -L $name ]] || continue
    [[ $name == -* && -z $plain ]] && name=./$name
    COMPREPLY+=("\${name%/}")
  done
  if [[ \${#COMPREPLY[@]} -gt 0 ]]; then
    compopt -o filenames 2>/dev/null
  elif [[ -n $cur ]]; then
    if [[ -n $1 ]]; then compopt -o dirnames 2>/dev/null; else compopt -o default 2>/dev/null; fi
  fi
}

# Saved snapshots, by the names of their files: nothing of a tree is read.
_muse_saved() {
  local directory=$PWD file words='latest latest~1'
  while [[ -n $directory && ! -d $directory/.muse ]]; do directory=\${directory%/*}; done
  for file in "$directory"/.muse/snapshots/*.json; do
    [[ \${file##*/} =~ ^[0-9]{8}T[0-9]{6}\\.[0-9]{3}Z-([0-9a-f]{12})[0-9a-f]{52}-[0-9a-f]{8}\\.json$ ]] || continue
    words+=" \${BASH_REMATCH[1]}"
  done
  _muse_words "$words"
}

_muse() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command='' value='' plain='' i word
  COMPREPLY=()
  # Bash takes --option=value apart.
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $before == '=' ]]; then
    before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == '=' ]]; then
      value=yes
    elif [[ -n $value ]]; then
      value=''
    elif [[ $word == '--' ]]; then
      plain=yes
      break
    elif [[ $word == -* ]]; then
      case "$command:$word" in
${valueCases(shapes)}
      esac
    else
      case "$command $word" in
${commandCases(shapes)}
      esac
    fi
  done
  if [[ -z $plain ]]; then
    case "$command:$before" in
${offerCases(shapes)}
    esac
    if [[ $cur == -* ]]; then
      case "$command" in
${optionCases(shapes)}
      esac
      return
    fi
  fi
  case "$command" in
${argumentCases(shapes)}
  esac
}

complete -F _muse muse
`;
}

const nameOf = ({ words }: CommandShape) => words.join(' ');

/** The options that a value follows; that word is no command. */
function valueCases(shapes: readonly CommandShape[]): string {
  const patterns = shapes.flatMap((shape) =>
    shape.options
      .filter(({ hasValue }) => hasValue)
      .flatMap(({ names }) => names.map((name) => quoted(`${nameOf(shape)}:${name}`))),
  );
  // The value after = is skipped there.
  return `        ${patterns.join(' | ')}) [[ \${COMP_WORDS[i+1]} == '=' ]] || value=yes ;;`;
}

function commandCases(shapes: readonly CommandShape[]): string {
  return shapes
    .filter(({ words }) => words.length > 0)
    .map((shape) => {
      const above = shape.words.slice(0, -1).join(' ');
      return `        ${quoted(`${above} ${shape.words.at(-1) ?? ''}`)}) command=${quoted(nameOf(shape))} ;;`;
    })
    .join('\n');
}

function offerCases(shapes: readonly CommandShape[]): string {
  return shapes
    .flatMap((shape) =>
      shape.options.map(({ names, hasValue, offer }) => {
        if (!hasValue) return '';
        const patterns = names.map((name) => quoted(`${nameOf(shape)}:${name}`)).join(' | ');
        return `      ${patterns}) ${offered(offer)}return ;;\n`;
      }),
    )
    .join('')
    .trimEnd();
}

function optionCases(shapes: readonly CommandShape[]): string {
  return shapes
    .map((shape) => {
      const words = shape.options.flatMap(({ names }) => names).join(' ');
      return `        ${quoted(nameOf(shape))}) _muse_words ${quoted(words)} ;;`;
    })
    .join('\n');
}

function argumentCases(shapes: readonly CommandShape[]): string {
  return shapes
    .map((shape) => {
      const names = shape.commands.map(({ words }) => words.at(-1) ?? '');
      return `    ${quoted(nameOf(shape))}) ${offered(names.length > 0 ? names : shape.offer)};;`;
    })
    .join('\n');
}

/** The commands that make an offer, each with its semicolon. */
function offered(offer: Offer | undefined): string {
  if (offer === undefined) return '';
  if (offer === 'file') return "_muse_files ''; ";
  if (offer === 'directory') return '_muse_files /; ';
  if (offer === 'saved') return '_muse_saved; ';
  if (offer === 'snapshot') return "_muse_saved; _muse_files ''; ";
  return `_muse_words ${quoted(offer.join(' '))}; `;
}
