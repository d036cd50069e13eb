import type { Command, Commands, Definition, Help, Word } from './definition.js';
import { commonOptions, programOptions } from './shared-options.js';

/** A command, or a group of them, that help is asked for. */
export type HelpSubject = Command | (Help & { readonly commands: Commands });

type Item = readonly [term: string, text: string];

/** Columns between a term and its text. */
const GAP = 2;
/** The fewest columns that a text beside its term is worth; in fewer it goes below. */
const LEAST_TEXT = 20;
const BELOW = 6;
/** The indent of what goes on from a command that is too long for a line. */
const CONTINUED = 4;
/** Longer lines are hard to read. */
const WIDEST = 100;

/** Returns the help of a command: `words` are those that lead to it, from `muse` on. No line is wider than `columns`. */
export function helpOf(words: readonly string[], subject: HelpSubject, columns: number): string {
  const width = Math.min(columns, WIDEST);
  const isCommand = 'definition' in subject;
  const help = isCommand ? subject.definition : subject;
  const path = words.join(' ');
  const sections = [
    wrapped(
      `Usage: ${path} ${isCommand ? usageOf(subject.definition) : '<command> [options]'}`,
      width,
      BELOW,
    ),
    wrapped(help.description, width),
    ...(isCommand
      ? ownSections(subject.definition, width)
      : [section('Commands:', commandItems(subject.commands), width)]),
    section(words.length > 1 ? 'Options of every command:' : 'Options:', everyOption(), width),
    ...paragraphs(help.details ?? '', width),
    ...(help.exitCodes
      ? [
          section(
            'Exit codes:',
            help.exitCodes.map(([code, text]) => [String(code), text]),
            width,
          ),
        ]
      : []),
    ['Examples:', ...help.examples.flatMap((example) => exampleLines(example, width))],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Returns what follows the name of a command: `[options] [dir] [-- path...]`. */
export function usageOf({ arguments: words, takesPaths }: Definition): string {
  const paths = takesPaths === true ? ['[-- path...]'] : [];
  return ['[options]', ...Object.values(words).map(({ syntax }) => syntax), ...paths].join(' ');
}

function ownSections({ arguments: words, options }: Definition, width: number): string[][] {
  return [
    section('Arguments:', Object.values(words).map(itemOf), width),
    section('Options:', Object.values(options).map(itemOf), width),
  ];
}

function everyOption(): Item[] {
  return [...Object.values<Word<unknown>>(commonOptions).map(itemOf), ...programOptions.map(itemOf)];
}

function commandItems(commands: Commands): Item[] {
  return commands.map((each) => {
    if ('definition' in each) {
      const operands = Object.values(each.definition.arguments).map(({ syntax }) => syntax);
      return [[each.definition.name, ...operands].join(' '), each.definition.summary];
    }
    return [`${each.name} <command>`, each.summary];
  });
}

/** Returns an option or an argument as help and the README write it. */
export function itemOf({
  syntax,
  text,
  offer,
  fallback,
}: Pick<Word<unknown>, 'syntax' | 'text' | 'offer' | 'fallback'>): Item {
  const notes = [
    ...(typeof offer === 'object' && offer.length > 1 ? [offer.join(', ')] : []),
    ...(fallback === undefined ? [] : [`default: ${fallback}`]),
  ];
  return [syntax, notes.length === 0 ? text : `${text} (${notes.join('; ')})`];
}

function section(title: string, items: readonly Item[], width: number): string[] {
  return items.length === 0 ? [] : [title, ...itemLines(items, width)];
}

function itemLines(items: readonly Item[], width: number): string[] {
  const longest = Math.max(...items.map(([term]) => term.length));
  const column = GAP + longest + GAP;
  const isBeside = column + LEAST_TEXT <= width;
  return items.flatMap(([term, text]) => {
    if (!isBeside) return [`  ${term}`, ...wrapped(' '.repeat(BELOW) + text, width, BELOW)];
    return wrapped(`  ${term.padEnd(longest)}  ${text}`, width, column);
  });
}

/** Returns a text of paragraphs and of items, which begin with spaces, as sections of lines. */
function paragraphs(text: string, width: number): string[][] {
  return text.split('\n\n').map((part) => {
    const lines: string[] = [];
    let prose = '';
    let items: Item[] = [];
    const end = (): void => {
      if (prose !== '') lines.push(...wrapped(prose, width));
      if (items.length > 0) lines.push(...itemLines(items, width));
      prose = '';
      items = [];
    };
    for (const line of part.split('\n').filter((each) => each !== '')) {
      const [, term, meaning] = /^ +(\S.*?) {2,}(.*)$/.exec(line) ?? [];
      const kind = !line.startsWith(' ') ? 'prose' : term === undefined ? 'sample' : 'item';
      if (kind === 'sample' || (kind === 'item') !== items.length > 0) end();
      if (kind === 'prose') prose += (prose === '' ? '' : ' ') + line;
      else if (term !== undefined && meaning !== undefined) items.push([term, meaning]);
      else lines.push(line);
    }
    end();
    return lines;
  });
}

/** The column at which examples are explained. */
const MEANING_COLUMN = 41;

/** A line that is too long for the width goes on as a shell reads it, so that it can still be pasted. */
function exampleLines([command, meaning]: Help['examples'][number], width: number): string[] {
  const lines = commandLines(command, width);
  if (meaning === undefined) return lines;
  const [line = '', ...more] = lines;
  const isBeside = MEANING_COLUMN + LEAST_TEXT <= width;
  if (isBeside && more.length === 0 && line.length < MEANING_COLUMN) {
    return wrapped(line.padEnd(MEANING_COLUMN) + meaning, width, MEANING_COLUMN);
  }
  const indent = isBeside ? MEANING_COLUMN : BELOW;
  return [...lines, ...wrapped(' '.repeat(indent) + meaning, width, indent)];
}

/** What a shell goes on behind by itself. */
const GOES_ON = /(?:\||&&)$/;

function commandLines(command: string, width: number): string[] {
  const words = command.match(/(?:'[^']*'|"[^"]*"|\S)+/g) ?? [];
  const lines: string[] = [];
  let line = '  ';
  for (const [index, word] of words.entries()) {
    const end = index === words.length - 1 || GOES_ON.test(word) ? '' : ' \\';
    if (index > 0 && line.length + 1 + word.length + end.length > width) {
      lines.push(GOES_ON.test(line) ? line : `${line} \\`);
      line = ' '.repeat(CONTINUED) + word;
    } else {
      line += index === 0 ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}

/** Breaks a line between words, and indents what follows the first one; the spaces in it before a text stay. */
export function wrapped(text: string, width: number, indent = 0): string[] {
  const lines: string[] = [];
  let line = text.slice(0, indent);
  let isFresh = true;
  const rest = indent === 0 ? text : text.slice(indent);
  for (const word of rest.split(' ')) {
    if (!isFresh && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(indent);
      isFresh = true;
    }
    line += isFresh ? word : ` ${word}`;
    isFresh = false;
  }
  return [...lines, line];
}
