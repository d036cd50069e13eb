import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { usageError } from './command-error.js';
import {
  cacheClearHelp,
  cacheHelp,
  cacheInfoHelp,
  completionHelp,
  explainHelp,
  hashHelp,
  initHelp,
  rootHelp,
  snapshotHelp,
  verifyHelp,
} from './help-texts.js';
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
import { addSaved } from './program-saved.js';
import { shells, type AnswerForm, type Shell } from './request.js';

/** Builds the command line's grammar and its help; `accept` gets what a valid command line asks for. */
export function createProgram(version: string, accept: Accept, paths: readonly string[] = []): Command {
  const program = new Command('muse')
    .description('Snapshots of a working tree: which files are there, and what is in each.')
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .option('-q, --quiet', 'no summary, hints or progress; problems and errors stay')
    .addOption(
      new Option('--color <when>', 'colour messages').choices(['auto', 'always', 'never']).default('auto'),
    )
    .option('--debug', 'tell details of the run, and show stack traces')
    .addHelpText('after', rootHelp);

  program
    .command('init')
    .summary('make .muse and a starter .museignore, so that snapshots are cached')
    .description('Makes .muse and a starter .museignore in a directory, so that its snapshots are cached.')
    .argument('[dir]', 'the working tree; made if it is missing', nonEmpty, '.')
    .addHelpText('after', initHelp)
    .action((directory: string) => {
      accept({ command: 'init', directory, ...common(program) });
    });

  const snapshot = program
    .command('snapshot')
    .summary('print what is in a working tree: its snapshot id, or the whole manifest')
    .description('Prints what is in a working tree: its snapshot id, or the whole manifest.')
    .argument('[dir]', 'the working tree', nonEmpty, '.')
    .addOption(
      new Option('--json', 'print one JSON document with manifest, problems and counts').conflicts('format'),
    )
    .addOption(new Option('--format <form>', 'print one line for each file').choices(['sha256sum', 'ndjson']))
    .option('-o, --output <file>', 'write the manifest to a file, whole or not at all; - is stdout', nonEmpty)
    .option('--save', 'keep it under .muse/snapshots, to compare with later')
    .option('-m, --note <text>', 'what to say about the one that is saved')
    .option('--no-cache', 'read every file; neither use nor update the cache')
    .option('--threads <n>', threadsText, positiveInteger);
  withTreeOptions(snapshot)
    .addHelpText('after', snapshotHelp)
    .action((directory: string, options: SnapshotFlags) => {
      if (options.note !== undefined && options.save !== true) {
        throw usageError("a note needs '--save': it is kept with the snapshot");
      }
      accept({
        command: 'snapshot',
        directory,
        form: formOf(options),
        save: options.save === true,
        note: options.note ?? '',
        output: options.output === '-' ? undefined : options.output,
        cache: options.cache,
        threads: options.threads,
        ...treeRequest(options),
        ...common(program),
      });
    });

  addSaved(program, paths, accept);
  addVerify(program, accept);
  addExplain(program, accept);
  addCache(program, accept);

  program
    .command('hash')
    .summary('print the object ids of single files')
    .description('Prints the object id of each file, and its name.')
    .argument('<file...>', 'the files; - is stdin')
    .addHelpText('after', hashHelp)
    .action((files: string[]) => {
      if (files.indexOf('-') !== files.lastIndexOf('-')) {
        throw usageError("cannot read stdin twice: '-' is named more than once");
      }
      accept({ command: 'hash', files, ...common(program) });
    });

  program
    .command('completion')
    .summary('print what a shell needs to complete commands and options')
    .description('Prints what a shell has to read to complete commands, options and their values.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText('after', completionHelp)
    .action((shell: Shell) => {
      accept({ command: 'completion', shell });
    });

  return program;
}

function addVerify(program: Command, accept: Accept): void {
  const verify = program
    .command('verify')
    .summary('read every byte again, and compare it with the cache')
    .description(
      'Reads every byte of a working tree again, trusting no stat, and compares it with the cache.',
    )
    .argument('[dir]', 'the working tree', nonEmpty, '.')
    .option('--sample <percent>', 'read that many of the files, chosen at random, such as 1%', percentage)
    .option(
      '--against <snapshot>',
      'compare with a saved snapshot or a manifest instead of the cache',
      nonEmpty,
    )
    .option('--strict', 'exit with 1 on edited and missing files, too; with --against, on new ones')
    .option('--json', jsonText)
    .option('--threads <n>', threadsText, positiveInteger);
  withTreeOptions(verify)
    .addHelpText('after', verifyHelp)
    .action((directory: string, options: VerifyFlags) => {
      accept({
        command: 'verify',
        directory,
        against: options.against,
        sample: options.sample,
        strict: options.strict === true,
        json: options.json === true,
        threads: options.threads,
        ...treeRequest(options),
        ...common(program),
      });
    });
}

function addExplain(program: Command, accept: Accept): void {
  const explain = program
    .command('explain')
    .summary('say why a path would be read again, or left out')
    .description('Says what the next snapshot makes of each path: is it read again, or left out, and why.')
    .argument('<path...>', 'files or directories')
    .option('--json', jsonText);
  withTreeOptions(explain)
    .addHelpText('after', explainHelp)
    .action((paths: string[], options: ExplainFlags) => {
      if (paths.includes('')) throw usageError('a path must not be empty', "'.' is the current directory");
      accept({
        command: 'explain',
        paths,
        json: options.json === true,
        ...treeRequest(options),
        ...common(program),
      });
    });
}

function addCache(program: Command, accept: Accept): void {
  const cache = program
    .command('cache')
    .usage('<command> [options]')
    .helpCommand(false)
    .summary('look at the cache, or remove it')
    .description('Tells about the cache of a working tree, or removes it.')
    .addHelpText('after', cacheHelp);
  const info = cache
    .command('info')
    .summary('say where it is, and what is in it')
    .description('Says where the cache of a working tree is, and what is in it.')
    .argument('[dir]', 'the working tree', nonEmpty, '.')
    .option('--json', jsonText);
  withTrust(info)
    .addHelpText('after', cacheInfoHelp)
    .action((directory: string, { json, trustOwner: trustOwners }: CacheFlags) => {
      accept({ command: 'cache info', directory, json: json === true, trustOwners, ...common(program) });
    });
  const clear = cache
    .command('clear')
    .summary('remove its file, so that every file is read again')
    .description('Removes the file of the cache, and nothing else: the next snapshot reads every file.')
    .argument('[dir]', 'the working tree', nonEmpty, '.');
  withTrust(clear)
    .addHelpText('after', cacheClearHelp)
    .action((directory: string, { trustOwner: trustOwners }: CacheFlags) => {
      accept({ command: 'cache clear', directory, trustOwners, ...common(program) });
    });
}

interface CacheFlags {
  json?: true;
  trustOwner?: number[];
}

interface ExplainFlags extends TreeFlags {
  json?: true;
}

interface VerifyFlags extends TreeFlags {
  against?: string;
  sample?: number;
  strict?: true;
  json?: true;
  threads?: number;
}

interface SnapshotFlags extends TreeFlags {
  json?: true;
  format?: Exclude<AnswerForm, 'id' | 'json'>;
  output?: string;
  save?: true;
  note?: string;
  cache: boolean;
  threads?: number;
}

/** Whoever names a file for the answer wants the manifest: the id alone needs none. */
function formOf({ json, format, output }: SnapshotFlags): AnswerForm {
  if (json === true) return 'json';
  return format ?? (output === undefined ? 'id' : 'json');
}

/** Returns the share that a percentage is; a bare number might be meant as either. */
function percentage(value: string): number {
  const percent = /^[0-9]+(?:\.[0-9]+)?%$/.test(value) ? Number(value.slice(0, -1)) : 0;
  if (percent <= 0 || percent > 100) {
    throw new InvalidArgumentError('It must be a percentage above 0% and up to 100%, such as 1%.');
  }
  return percent / 100;
}
