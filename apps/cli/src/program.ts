import { Command, InvalidArgumentError, Option } from 'commander';
import { usageError } from './command-error.js';
import type { AnswerForm, ColorChoice, CommonOptions, Request } from './request.js';

/** Builds the command line's grammar and its help; `accept` gets what a valid command line asks for. */
export function createProgram(version: string, accept: (request: Request) => void): Command {
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

  program
    .command('snapshot')
    .summary('print what is in a working tree: its snapshot id, or the whole manifest')
    .description('Prints what is in a working tree: its snapshot id, or the whole manifest.')
    .argument('[dir]', 'the working tree', nonEmpty, '.')
    .addOption(
      new Option('--json', 'print one JSON document with manifest, problems and counts').conflicts('format'),
    )
    .addOption(new Option('--format <form>', 'print one line for each file').choices(['sha256sum', 'ndjson']))
    .option('-o, --output <file>', 'write the answer to a file, whole or not at all; - is stdout', nonEmpty)
    .option('--no-cache', 'read every file; neither use nor update the cache')
    .option('--threads <n>', 'threads that list and hash at most (default: the processors)', positiveInteger)
    .option('--one-file-system', 'leave out directories where another file system is mounted')
    .addHelpText('after', snapshotHelp)
    .action((directory: string, options: SnapshotFlags) => {
      accept({
        command: 'snapshot',
        directory,
        form: options.json === true ? 'json' : (options.format ?? 'id'),
        output: options.output === '-' ? undefined : options.output,
        cache: options.cache,
        threads: options.threads,
        oneFileSystem: options.oneFileSystem === true,
        ...common(program),
      });
    });

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

  return program;
}

interface SnapshotFlags {
  json?: true;
  format?: Exclude<AnswerForm, 'id' | 'json'>;
  output?: string;
  cache: boolean;
  threads?: number;
  oneFileSystem?: true;
}

function common(program: Command): CommonOptions {
  const { quiet, color, debug } = program.opts<{ quiet?: true; color: ColorChoice; debug?: true }>();
  return { quiet: quiet === true, color, debug: debug === true };
}

function nonEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('It must not be empty.');
  return value;
}

function positiveInteger(value: string): number {
  const number = /^[0-9]+$/.test(value) ? Number(value) : 0;
  if (!Number.isSafeInteger(number) || number === 0) {
    throw new InvalidArgumentError('It must be a whole number above 0.');
  }
  return number;
}

const rootHelp = `
Examples:
  muse init                    keep a cache for this directory
  muse snapshot                print the id of what is in it now
  muse snapshot --json -o m.json
                               write the whole manifest to a file
  muse hash README.md          print the id of one file

Exit codes:
  0  done
  2  wrong usage, or a broken configuration file
  3  done, but incomplete: each file that is missing in the answer is named on stderr
  4  failed
  130, 143 interrupted (SIGINT, SIGTERM); 141 the reader of stdout went away

'muse <command> --help' tells more about a command.`;

const initHelp = `
What exists already is left as it is, so it does no harm to run this twice.

Examples:
  muse init
  muse init ~/src/linux`;

const snapshotHelp = `
Stdout carries the answer alone; the summary, hints and problems go to stderr.
Without .muse in the directory nothing is cached: 'muse init' changes that.

Examples:
  muse snapshot                          one line: the snapshot id
  muse snapshot ~/src/linux --json       manifest, problems and counts in one document
  muse snapshot --format sha256sum | sha256sum -c --quiet
                                         check the files with another program
  muse snapshot --format ndjson -o m.ndjson
                                         a line for each file, into a file`;

const hashHelp = `
A link is followed. One file that cannot be read does not stop the others.

Examples:
  muse hash README.md LICENSE
  git show HEAD:README.md | muse hash -
  muse hash -- -name-with-a-dash`;
