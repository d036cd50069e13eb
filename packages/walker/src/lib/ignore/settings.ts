import { lstatSync } from 'node:fs';
import { settingsPath, toFsPath } from '@muse/paths';
import { notTrusted } from '../problems.js';
import type { Problem } from '../types.js';
import { museOwner, readText, RuleOwners, type RuleOwnerOptions } from './load.js';

/** One setting of a file: a key at its top, and its value. */
export interface Setting {
  readonly key: string;
  /** As the parser of TOML returns it. */
  readonly value: unknown;
  /**
   * Refuses it; `element` names one of an array.
   *
   * @throws IgnoreFileError with the line and column of the key, or of that element.
   */
  fail(reason: string, element?: number): never;
}

/** What `.muse/snapshot.toml` says. */
export interface Settings {
  readonly file: string;
  /** In the order of the file. None if it is not obeyed. */
  readonly settings: readonly Setting[];
  /** The problem that it belongs to a stranger, and so is not obeyed. */
  readonly problem?: Problem | undefined;
}

const READING_SETTINGS = 'Cannot read the settings in';

/**
 * Reads `.muse/snapshot.toml` of a root: the same way, and under the same rule of ownership, as the other files that
 * decide what is left out. What the keys mean is up to the caller, who refuses those that mean nothing.
 *
 * @returns undefined if there is none, if `.muse` may not be entered, so that nothing in it counts and nothing is cached, or if
 * it is a stranger's, which {@link checkMuseOwner} reports.
 * @throws IgnoreFileError if it exists and cannot be read, or is not TOML.
 */
export async function loadSettings(
  root: string,
  options: RuleOwnerOptions = {},
): Promise<Settings | undefined> {
  const uid = museOwner(root);
  if (uid === undefined) return undefined;
  const file = settingsPath(root);
  if (!mayBeReached(file)) return undefined;
  const read = await readText(file, READING_SETTINGS, { follow: false });
  if (read === undefined) return undefined;
  const owners = RuleOwners.of(root, options);
  if (!owners.trusts(uid, '')) return undefined;
  if (!owners.trusts(read.uid, '')) return { file, settings: [], problem: notTrusted(file, read.uid) };
  const { TomlDocument } = await import('./toml.js');
  const document = new TomlDocument(read.text, { action: READING_SETTINGS, file });
  const settings = Object.entries(document.table).map(([key, value]): Setting => ({
    key,
    value,
    fail(reason, element) {
      const spot = document.spots.below.get(key) ?? document.spots;
      return document.fail(element === undefined ? spot.at : (spot.elements[element] ?? spot.at), reason);
    },
  }));
  return { file, settings };
}

/** Returns false where the directory of a file may not be entered. */
function mayBeReached(file: string): boolean {
  try {
    lstatSync(toFsPath(file));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}
