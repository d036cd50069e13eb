import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createReadStream } from 'node:fs';
import {
  latestSavedSnapshot,
  parseSnapshot,
  readSavedSnapshot,
  SavedSnapshotError,
  type ParsedSnapshot,
  type SavedSnapshot,
} from '@muse/snapshot';
import { CommandError, usageError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { nativePath } from '../native-path.js';
import { shellWord } from '../render/shell-word.js';
import { readStdin } from '../read-stdin.js';
import { savedFailure } from '../saved-failure.js';
import { errorCode, systemFailure } from '../system-error.js';
import { findWorkingTree, type WorkingTree } from '../working-tree.js';
import { takeOf, type SnapshotContext, type TakeOptions } from './snapshot.js';

/** A snapshot that was named on the command line. */
export interface Operand {
  /** As it was typed. */
  readonly name: string;
  readonly snapshot: ParsedSnapshot;
  /** What is known of it where it is a saved one. */
  readonly saved?: SavedSnapshot;
  /** Where it is a directory. */
  readonly tree?: WorkingTree;
}

/** Finds what is named on a command line, with `here` as the working tree of the current directory. */
export interface OperandContext extends SnapshotContext {
  readonly here: WorkingTree;
  readonly take: TakeOptions;
  /** Whether the other word is `latest`. Default: false. */
  readonly besideLatest?: boolean;
}

const ADVICE = "name a saved snapshot ('muse log'), a manifest, a directory, or - for stdin";

/** Returns the snapshot that a word stands for: a saved one, a manifest in a file or on stdin, or a directory. */
export async function readOperand(name: string, context: OperandContext): Promise<Operand> {
  if (name === '-') return readManifest(name, readStdin);
  const kind = await kindOf(name);
  const saved = canBeSaved(name) ? await readSaved(name, context, kind !== undefined) : undefined;
  if (saved && kind !== undefined) {
    throw usageError(
      `${name} is a saved snapshot, and a ${kind} as well`,
      `write ./${name} for the ${kind}, or sha256:… for the snapshot`,
    );
  }
  if (saved) return { name, snapshot: saved, saved };
  if (kind === 'directory') return takeDirectory(name, context);
  return readManifest(name, () => createReadStream(nativePath(name)));
}

/** Whether one of the words stands for the snapshot that was saved last, and not for a file that is called so. */
export async function isLatestAmong(names: readonly (string | undefined)[]): Promise<boolean> {
  return names.includes('latest') && (await kindOf('latest')) === undefined;
}

/** Takes a snapshot of a directory as it is now. Rejects where `latest`, beside it, could be meant for its own. */
export async function takeDirectory(name: string, context: OperandContext): Promise<Operand> {
  const tree = await findWorkingTree(name, context.take.tree);
  if (context.besideLatest === true && tree.hasMuse && tree.root !== context.here.root) {
    throw usageError(
      `cannot tell which latest is meant: ${name} is of another working tree than the current directory`,
      `for the one here write its id ('muse log'), and to compare it with its own run this: muse status ${shellWord(name)}`,
    );
  }
  return { name, snapshot: await takeOf(tree, context.take, context), tree };
}

function canBeSaved(name: string): boolean {
  return name === 'latest' || /^(?:sha256:[0-9a-f]{1,64}|[0-9a-f]{4,64})$/.test(name);
}

async function kindOf(name: string): Promise<'file' | 'directory' | undefined> {
  try {
    return (await stat(nativePath(name))).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw systemFailure(`cannot look at ${name}`, error);
  }
}

/** Returns undefined where there is none, and the name is that of something else. */
async function readSaved(
  name: string,
  { here: { root, subtree, hasMuse }, logger }: OperandContext,
  orElse: boolean,
): Promise<SavedSnapshot | undefined> {
  const doing = `cannot find the snapshot ${name}`;
  try {
    if (name !== 'latest') {
      if (hasMuse) return await readSavedSnapshot(root, name);
    } else if (hasMuse) {
      const { snapshot, damaged } = await latestSavedSnapshot(root, { subtree });
      for (const { error } of damaged) logger.warn(`${error.message}; an older one is taken for the latest`);
      if (snapshot) return snapshot;
    }
  } catch (error) {
    const isNone = error instanceof SavedSnapshotError && error.code === 'ENOSNAPSHOT';
    if (!isNone) throw savedFailure(doing, error);
  }
  if (orElse) return undefined;
  const where = hasMuse ? 'none like it is saved' : 'there is no .muse here or above';
  throw new CommandError(
    ExitCode.failed,
    `${doing}: ${where}, and no file or directory has that name`,
    ADVICE,
  );
}

async function readManifest(name: string, open: () => Readable): Promise<Operand> {
  const chunks: Buffer[] = [];
  const doing = `cannot read the manifest ${name === '-' ? 'on stdin' : name}`;
  try {
    for await (const chunk of open()) chunks.push(chunk as Buffer);
  } catch (error) {
    throw systemFailure(doing, error, errorCode(error) === 'ENOENT' ? ADVICE : undefined);
  }
  try {
    return { name, snapshot: parseSnapshot(Buffer.concat(chunks)) };
  } catch (error) {
    const reason = (error as Error).message.replace(/^Cannot read the manifest: /, '');
    const advice = "it must be what 'muse snapshot -o' wrote, as JSON or ndjson";
    throw new CommandError(ExitCode.failed, `${doing}: ${reason}`, advice, error);
  }
}
