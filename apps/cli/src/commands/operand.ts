import { stat } from 'node:fs/promises';
import {
  MAX_MANIFEST_BYTES,
  parseSnapshot,
  type DamagedSnapshot,
  type ParsedSnapshot,
  type SavedSnapshot,
  type TreeOptions,
} from '@muse/snapshot';
import { type FileReadError, readGuarded, readStream } from '@muse/paths/files';
import { CommandError, usageError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { nativePath } from '../native-path.js';
import { readStdin } from '../read-stdin.js';
import { errorCode, systemFailure } from '../system-error.js';
import { findWorkingTree, warnOfStrangers, type WorkingTree } from '../working-tree.js';
import { findSaved, isSavedName } from './find-saved.js';
import type { SnapshotContext } from './snapshot.js';

/** What a word on the command line stands for. */
export type Named =
  | {
      readonly is: 'saved';
      readonly name: string;
      readonly saved: SavedSnapshot;
      readonly tree: WorkingTree;
      readonly damaged: readonly DamagedSnapshot[];
    }
  | { readonly is: 'manifest'; readonly name: string; readonly snapshot: ParsedSnapshot }
  | { readonly is: 'directory'; readonly name: string; readonly tree: WorkingTree };

/** A snapshot that was named on the command line. */
export interface Operand {
  /** As it was typed. */
  readonly name: string;
  readonly snapshot: ParsedSnapshot;
  /** What is known of it where it is a saved one, or a part of one. */
  readonly saved?: SavedSnapshot;
}

const ADVICE = "name a saved snapshot ('muse log'), a manifest, a directory, or - for stdin";

/**
 * Finds what words stand for: saved snapshots, manifests in files or on stdin, or directories. `latest` is that of the
 * directory beside it, where that can have one, else that of the current directory, or of `from`, where ids are looked for.
 */
export async function findOperands(
  names: readonly string[],
  options: Pick<TreeOptions, 'trustOwners'>,
  { logger }: SnapshotContext,
  from?: WorkingTree,
): Promise<Named[]> {
  const here = from ?? (await findWorkingTree('.', options));
  if (!from) warnOfStrangers(here, logger);
  const kinds = await Promise.all(names.map(async (name) => (name === '-' ? 'stdin' : kindOf(name))));
  const trees = await Promise.all(
    names.map(async (name, index) =>
      kinds[index] === 'directory' ? findWorkingTree(name, options) : undefined,
    ),
  );
  const beside = trees.find((tree) => tree?.hasMuse === true) ?? here;
  const found: Named[] = [];
  for (const [index, name] of names.entries()) {
    const kind = kinds[index];
    const tree = trees[index];
    const place = kind === undefined && name.startsWith('latest') ? beside : here;
    const saved =
      kind !== 'stdin' && isSavedName(name) ? await findSaved(name, place, kind === undefined) : undefined;
    if (saved && kind !== undefined) {
      throw usageError(
        `${name} is a saved snapshot, and a ${kind} as well`,
        `write ./${name} for the ${kind}, or sha256:… for the snapshot`,
      );
    }
    if (saved) found.push({ is: 'saved', name, ...saved, tree: place });
    else if (tree) found.push({ is: 'directory', name, tree });
    else found.push({ is: 'manifest', name, snapshot: await readManifest(name) });
  }
  return found;
}

async function kindOf(name: string): Promise<'file' | 'directory' | undefined> {
  try {
    return (await stat(nativePath(name))).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw systemFailure(`cannot look at ${name}`, error);
  }
}

async function readManifest(name: string): Promise<ParsedSnapshot> {
  const doing = `cannot read the manifest ${name === '-' ? 'on stdin' : name}`;
  const limits = { maxBytes: MAX_MANIFEST_BYTES };
  let bytes: Buffer;
  try {
    bytes =
      name === '-'
        ? await readStream(name, readStdin(), limits)
        : (await readGuarded(nativePath(name), { ...limits, follow: true, pipes: true })).bytes;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EFBIG' || code === 'ENOTREG') {
      throw new CommandError(ExitCode.failed, `${doing}: ${(error as FileReadError).reason}`, ADVICE, error);
    }
    throw systemFailure(doing, error, code === 'ENOENT' ? ADVICE : undefined);
  }
  try {
    return parseSnapshot(bytes);
  } catch (error) {
    const reason = (error as Error).message.replace(/^Cannot read the manifest: /, '');
    const advice = "it must be what 'muse snapshot -o' wrote, as JSON or ndjson";
    throw new CommandError(ExitCode.failed, `${doing}: ${reason}`, advice, error);
  }
}
