import { stat } from 'node:fs/promises';
import { toFsPath } from '@muse/paths';
import { readGuarded, readStream, type FileReadError } from '@muse/paths/files';
import {
  computeSnapshotId,
  latestSavedSnapshot,
  MAX_MANIFEST_BYTES,
  parseSha256sum,
  parseSnapshot,
  readSavedSnapshot,
  SavedSnapshotError,
  type DamagedSnapshot,
  type ParsedSnapshot,
  type SavedSnapshot,
  type Snapshot,
  type TreeOptions,
} from '@muse/snapshot';
import { CommandError, errorCode, ExitCode, systemFailure, usageError } from './errors.js';
import { savedFailure } from './failures.js';
import { count } from './terminal/format.js';
import type { Reporter } from './terminal/reporter.js';
import { readStdin } from './terminal/stdin.js';
import { findWorkingTree, warnOfStrangers, type WorkingTree } from './working-tree.js';

/** A saved snapshot, and the damaged ones that were passed over to find it. */
export interface FoundSaved {
  readonly saved: SavedSnapshot;
  readonly damaged: readonly DamagedSnapshot[];
}

/** The meaning of a word on the command line, and the damaged saved snapshots passed over to find it. */
export type Named = { readonly name: string; readonly damaged: readonly DamagedSnapshot[] } & (
  | { readonly is: 'saved'; readonly saved: SavedSnapshot; readonly tree: WorkingTree }
  | { readonly is: 'manifest'; readonly snapshot: ParsedSnapshot }
  | { readonly is: 'directory'; readonly tree: WorkingTree }
);

/** A snapshot that was named on the command line. */
export interface Operand {
  /** The name as it was typed. */
  readonly name: string;
  readonly snapshot: ParsedSnapshot;
  /** The saved snapshot that it is, or is a part of. */
  readonly saved?: SavedSnapshot;
  /** The snapshot that was taken, where it is a directory. */
  readonly taken?: Snapshot;
}

const ADVICE =
  "name a saved snapshot ('muse log'), a manifest, a list of sha256sum, a directory, or - for stdin";

/**
 * Finds what words stand for: saved snapshots, directories, or files or stdin with a manifest or a list. `latest` is that of the
 * directory beside it, where that can have one, else that of the current directory, or of `from`, where ids are looked for.
 */
export async function findOperands(
  names: readonly string[],
  options: Pick<TreeOptions, 'trustOwners'>,
  reporter: Reporter,
  from?: WorkingTree,
): Promise<Named[]> {
  const here = from ?? (await findWorkingTree('.', options));
  if (!from) warnOfStrangers(here, reporter);
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
    const saved = kind === 'stdin' ? undefined : await findSaved(name, place);
    if (!saved && kind === undefined && isSavedName(name)) throw notFound(name, place.hasMuse);
    if (saved && kind !== undefined) {
      throw usageError(
        `${name} is both a saved snapshot and a ${kind}`,
        `write ./${name} for the ${kind}, or sha256:… for the snapshot`,
      );
    }
    if (saved) found.push({ is: 'saved', name, ...saved, tree: place });
    else if (tree) found.push({ is: 'directory', name, tree, damaged: [] });
    else found.push({ is: 'manifest', name, snapshot: await readManifest(name), damaged: [] });
  }
  return found;
}

async function kindOf(name: string): Promise<'file' | 'directory' | undefined> {
  try {
    return (await stat(toFsPath(name))).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw systemFailure(`cannot look at ${name}`, error);
  }
}

/** Reads what `muse snapshot` wrote, or a list of sha256sum: JSON begins with a bracket, and no line of such a list does. */
async function readManifest(name: string): Promise<ParsedSnapshot> {
  const place = name === '-' ? 'on stdin' : name;
  const doing = `cannot read the manifest ${place}`;
  const limits = { maxBytes: MAX_MANIFEST_BYTES };
  let bytes: Buffer;
  try {
    bytes =
      name === '-'
        ? await readStream(name, readStdin(), limits)
        : (await readGuarded(toFsPath(name), { ...limits, follow: true, pipes: true })).bytes;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EFBIG' || code === 'ENOTREG') {
      throw new CommandError(ExitCode.failed, `${doing}: ${(error as FileReadError).reason}`, ADVICE, error);
    }
    throw systemFailure(doing, error, code === 'ENOENT' ? ADVICE : undefined);
  }
  if (!beginsAsJson(bytes)) return readList(bytes, `cannot read the list ${place}`);
  try {
    return parseSnapshot(bytes);
  } catch (error) {
    const reason = (error as Error).message.replace(/^Cannot read the manifest: /, '');
    const advice = "use what 'muse snapshot -o' wrote, as JSON or ndjson";
    throw new CommandError(ExitCode.failed, `${doing}: ${reason}`, advice, error);
  }
}

/** Passes over white space, and the mark that some programs put before UTF-8. */
function beginsAsJson(bytes: Buffer): boolean {
  const first = bytes.find((byte) => byte > 0x20 && byte < 0x80);
  return first !== undefined && '{['.includes(String.fromCharCode(first));
}

function readList(bytes: Buffer, doing: string): ParsedSnapshot {
  let manifest: ParsedSnapshot['manifest'];
  try {
    manifest = parseSha256sum(bytes);
  } catch (error) {
    const reason = (error as Error).message.replace(/^Cannot read the list: /, '');
    const advice = "use what sha256sum wrote inside the directory, or what 'muse snapshot -o' wrote";
    throw new CommandError(ExitCode.failed, `${doing}: ${reason}`, advice, error);
  }
  if (manifest.size > 0) return { id: computeSnapshotId(manifest), manifest, complete: true, problems: [] };
  throw new CommandError(ExitCode.failed, `${doing}: it names no file, so there is nothing to compare with`);
}

const LATEST = /^latest(?:~(\d{1,9}))?$/;

/** Returns true if a word can name a saved snapshot: an id, the beginning of one, `latest`, or `latest~1`. */
function isSavedName(name: string): boolean {
  return LATEST.test(name) || /^(?:sha256:[0-9a-f]{1,64}|[0-9a-f]{4,64})$/.test(name);
}

/** Options of {@link findSaved}. */
interface FindSavedOptions {
  /** What errors say was being done. */
  readonly doing?: string;
  /** True if no other save may have the same id. */
  readonly unshared?: boolean;
}

/**
 * Finds the saved snapshot that a word stands for; returns undefined where there is none.
 */
export async function findSaved(
  name: string,
  { root, subtree, hasMuse }: WorkingTree,
  { doing = `cannot find the snapshot ${name}`, unshared }: FindSavedOptions = {},
): Promise<FoundSaved | undefined> {
  if (!isSavedName(name)) return undefined;
  const latest = LATEST.exec(name);
  let damaged: DamagedSnapshot[] = [];
  try {
    if (hasMuse && latest) {
      const found = await latestSavedSnapshot(root, { subtree, back: Number(latest[1] ?? 0) });
      if (found.snapshot) return { saved: found.snapshot, damaged: found.damaged };
      damaged = [...found.damaged];
    } else if (hasMuse) {
      const saved = await readSavedSnapshot(root, name, {
        unshared,
        onDamaged: (each) => damaged.push(each),
      });
      return { saved, damaged };
    }
  } catch (error) {
    const isNone = error instanceof SavedSnapshotError && error.code === 'ENOSNAPSHOT';
    if (!isNone) throw savedFailure(doing, error);
  }
  if (damaged[0]) throw savedFailure(doing, damaged[0].error);
  return undefined;
}

/** Returns why no saved snapshot is the one that a word such as `latest~1` counts back to. */
export function tooFewSaved(name: string): string | undefined {
  const found = LATEST.exec(name);
  if (!found) return undefined;
  const back = Number(found[1] ?? 0);
  return back === 0
    ? 'no snapshot is saved that it could be'
    : `fewer than ${count(back + 1)} snapshots are saved that it could be`;
}

function notFound(name: string, hasMuse: boolean): CommandError {
  const tooFew = hasMuse ? tooFewSaved(name) : undefined;
  if (tooFew !== undefined) {
    return new CommandError(
      ExitCode.failed,
      `cannot find the snapshot ${name}: ${tooFew}`,
      "'muse log' lists them",
    );
  }
  return new CommandError(
    ExitCode.failed,
    `cannot find the snapshot ${name}: no saved snapshot, file or directory has that name${hasMuse ? '' : ' (there is no .muse here or above)'}`,
    ADVICE,
  );
}

/** Returns the snapshot that a word stands for; that of a directory is taken. */
export async function operandOf(
  named: Named,
  take: (tree: WorkingTree) => Promise<Snapshot>,
): Promise<Operand> {
  const { name } = named;
  if (named.is === 'saved') return { name, snapshot: named.saved, saved: named.saved };
  if (named.is === 'manifest') return { name, snapshot: named.snapshot };
  const taken = await take(named.tree);
  return { name, snapshot: taken, taken };
}

/** Returns what `--json` says of one side. */
export function operandDocument({ name, snapshot, saved }: Operand): object {
  const { id, complete, manifest, problems } = snapshot;
  return {
    name,
    snapshot_id: id,
    complete,
    files: manifest.size,
    problems,
    ...(saved && {
      saved_at: saved.savedAt.toISOString(),
      note: saved.note,
      subtree: saved.subtree,
      saved_id: saved.id,
    }),
  };
}

/** Returns what `--json` says of one file. */
export function withObjectId(file: { readonly path: string; readonly objectId: string }): object {
  return { path: file.path, object_id: file.objectId };
}

/** Returns what `--json` says of a damaged saved snapshot that was passed over. */
export function damagedDocument({ file, error }: DamagedSnapshot): object {
  return { file, message: error.message };
}
