import type { Commands, Definition, Word } from '../src/definition.js';
import { itemOf } from '../src/help.js';
import { commonOptions, programOptions, treeOptions } from '../src/shared-options.js';

type Row = readonly [string, string];

/** The beginning and the end of a table in the README; between them stands what {@link tableOf} returns. */
const TABLE = /(<!-- table: ([a-z ]+) -->\n)[^]*?(<!-- end of table -->)/g;

/** Returns a README with its tables as the definitions of the commands say. */
export function withTables(readme: string, commands: Commands): string {
  return readme.replace(TABLE, (_all, begin: string, name: string, end: string) => {
    return `${begin}\n${tableOf(name, commands)}\n\n${end}`;
  });
}

/** Returns the names of the tables in a README. */
export function tablesIn(readme: string): string[] {
  return [...readme.matchAll(TABLE)].map(([, , name = '']) => name);
}

function tableOf(name: string, commands: Commands): string {
  if (name === 'commands') return table(['command', 'purpose'], allCommands(commands).map(commandRow));
  if (name === 'tree options')
    return table(['tree option', 'meaning'], optionRows(Object.values(treeOptions)));
  if (name === 'options of every command') {
    return table(['option', 'meaning'], optionRows([...Object.values(commonOptions), ...programOptions]));
  }
  const found = allCommands(commands).find(({ words }) => `options of ${words.join(' ')}` === name);
  if (!found) throw new Error(`There is no table ${name}`);
  const all = Object.values(found.definition.options);
  if (!all.includes(treeOptions.gitignore)) return table(['option', 'meaning'], optionRows(all));
  const shared: readonly Word<unknown>[] = Object.values(treeOptions);
  const own = optionRows(all.filter((option) => !shared.includes(option)));
  return table(['option', 'meaning'], [...own, ['the tree options', 'what belongs to the tree']]);
}

interface NamedCommand {
  readonly words: readonly string[];
  readonly definition: Definition;
}

/** Returns each command with the words that lead to it. */
export function allCommands(commands: Commands): NamedCommand[] {
  return commands.flatMap((each): NamedCommand[] =>
    'definition' in each
      ? [{ words: [each.definition.name], definition: each.definition }]
      : each.commands.map(({ definition }) => ({ words: [each.name, definition.name], definition })),
  );
}

function commandRow({ words, definition }: NamedCommand): Row {
  const operands = Object.values(definition.arguments).map(({ syntax }) => syntax);
  const paths = definition.takesPaths === true ? ['[-- path...]'] : [];
  return [code(['muse', ...words, ...operands, ...paths].join(' ')), definition.summary];
}

function optionRows(options: readonly Pick<Word<unknown>, 'syntax' | 'text'>[]): Row[] {
  return options.map((option) => {
    const [syntax, text] = itemOf(option);
    return [syntax.split(', ').map(code).join(', '), text.replace(/(?<![\w-])--?[a-z][\w-]*/g, code)];
  });
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: Row, rows: readonly Row[]): string {
  const line = (row: Row): string => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), '| - | - |', ...rows.map(line)].join('\n');
}
