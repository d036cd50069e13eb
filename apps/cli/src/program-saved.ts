import { Option, type Command } from 'commander';
import { usageError } from './command-error.js';
import { diffHelp, logHelp, showHelp, statusHelp } from './help-texts.js';
import {
  common,
  jsonText,
  nonEmpty,
  positiveInteger,
  threadsText,
  treeRequest,
  withTreeOptions,
  withTrust,
  type Accept,
  type TreeFlags,
} from './program-options.js';
import type { DifferenceOptions } from './request.js';

/** Adds the commands that work with saved snapshots. */
export function addSaved(program: Command, paths: readonly string[], accept: Accept): void {
  addStatus(program, paths, accept);
  addDiff(program, paths, accept);
  addLog(program, accept);
  addShow(program, accept);
}

const nameOnlyText = 'print the paths alone';
const nulText = 'end each path with NUL instead of a line feed';

function addStatus(program: Command, paths: readonly string[], accept: Accept): void {
  const status = program
    .command('status')
    .summary('say what changed since the last snapshot that was saved')
    .description('Says what changed in a working tree since the last snapshot of it that was saved.')
    .usage('[options] [dir] [-- path...]')
    .argument('[dir]', 'the working tree', nonEmpty, '.');
  withDifferenceOptions(status)
    .addHelpText('after', statusHelp)
    .action((directory: string, flags: DifferenceFlags) => {
      accept({ command: 'status', directory, paths, ...differenceOptions(flags), ...common(program) });
    });
}

function addDiff(program: Command, paths: readonly string[], accept: Accept): void {
  const diff = program
    .command('diff')
    .summary('say what differs between two snapshots, manifests or directories')
    .description('Says what differs between two snapshots, whatever they come from.')
    .usage('[options] <a> [b] [-- path...]')
    .argument('<a>', 'a saved snapshot, a manifest, or a directory', nonEmpty)
    .argument('[b]', 'another (default: the working tree)', nonEmpty);
  withDifferenceOptions(diff)
    .addHelpText('after', diffHelp)
    .action((before: string, after: string | undefined, flags: DifferenceFlags) => {
      if (before === '-' && after === '-') {
        throw usageError("cannot read stdin twice: '-' is named more than once");
      }
      accept({ command: 'diff', before, after, paths, ...differenceOptions(flags), ...common(program) });
    });
}

function addLog(program: Command, accept: Accept): void {
  const log = program
    .command('log')
    .summary('list the saved snapshots')
    .description('Lists the saved snapshots of a working tree.')
    .argument('[dir]', 'the working tree', nonEmpty, '.')
    .option('--json', jsonText);
  withTrust(log)
    .addHelpText('after', logHelp)
    .action((directory: string, { json, trustOwner: trustOwners }: LogFlags) => {
      accept({ command: 'log', directory, json: json === true, trustOwners, ...common(program) });
    });
}

function addShow(program: Command, accept: Accept): void {
  const show = program
    .command('show')
    .summary('show one snapshot, with its files')
    .description('Shows one snapshot: what is known of it, and the object id of each file.')
    .argument('<snapshot>', 'a saved snapshot, a manifest, or a directory', nonEmpty)
    .option('--json', jsonText)
    .addOption(new Option('--name-only', nameOnlyText).conflicts('json'))
    .addOption(new Option('-z', nulText).conflicts('json'));
  withTrust(show)
    .addHelpText('after', showHelp)
    .action((snapshot: string, { json, nameOnly, z, trustOwner: trustOwners }: ShowFlags) => {
      accept({
        command: 'show',
        snapshot,
        json: json === true,
        nameOnly: nameOnly === true,
        nul: z === true,
        trustOwners,
        ...common(program),
      });
    });
}

interface LogFlags {
  json?: true;
  trustOwner?: number[];
}

interface ShowFlags extends LogFlags {
  nameOnly?: true;
  z?: true;
}

interface DifferenceFlags extends TreeFlags {
  exitCode?: true;
  json?: true;
  nameOnly?: true;
  z?: true;
  threads?: number;
}

function withDifferenceOptions(command: Command): Command {
  const withThreads = command
    .option('--exit-code', 'exit with 1 where there are differences')
    .option('--json', jsonText)
    .addOption(new Option('--name-only', nameOnlyText).conflicts('json'))
    .addOption(new Option('-z', nulText).conflicts('json'))
    .option('--threads <n>', threadsText, positiveInteger);
  return withTreeOptions(withThreads);
}

function differenceOptions(flags: DifferenceFlags): Omit<DifferenceOptions, 'paths'> {
  return {
    exitCode: flags.exitCode === true,
    json: flags.json === true,
    nameOnly: flags.nameOnly === true,
    nul: flags.z === true,
    threads: flags.threads,
    ...treeRequest(flags),
  };
}
