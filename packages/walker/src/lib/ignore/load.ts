import { isUtf8 } from 'node:buffer';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { museDir, toFsPath, toNativePath, treePathFromBytes } from '@muse/paths';
import { FileReadError, readGuarded, TrustedOwners, type GuardedFile } from '@muse/paths/files';
import { notTrusted } from '../problems.js';
import {
  RESERVED_NAMES,
  type IgnoreRule,
  type IgnoreRules,
  type LeftOutKind,
  type Problem,
} from '../types.js';
import { defaultMuseIgnore } from './default-muse-ignore.js';
import { IgnoreFileError, IgnorePatternError, type TextPosition } from './errors.js';
import type { PatternRules } from './pattern-rules.js';
import { inLayers } from './rules.js';

/** Options that say whose rules count. */
export interface RuleOwnerOptions {
  /**
   * The tree path of the directory that was named. The owners of rules matter at it and above it, not below. Default: `''`,
   * the root.
   */
  readonly subtree?: string | undefined;
  /**
   * Ids of further users whose rules count there, besides root, the user and the owner of that directory. Default: none.
   */
  readonly trustOwners?: readonly number[] | undefined;
}

/**
 * Called with each text that rules are made of: its native path and the text, as it is or one character per byte.
 * `directory` is the tree path of the directory that it was read for as that was listed.
 */
export type OnRuleText = (file: string, text: string, directory?: string) => void;

/** Options of {@link loadIgnoreRules} and {@link loadIgnoreFiles}. */
export interface LoadIgnoreOptions extends RuleOwnerOptions {
  /** Called with each text, and with the domain as the text of `repo.json`. Default: nobody. */
  readonly onText?: OnRuleText | undefined;
}

const READING_RULES = 'Cannot read ignore rules from';
const READING_DOMAIN = 'Cannot read the domain from';
/** The most bytes of a file of rules. No person writes a larger one. */
export const MAX_RULE_FILE_BYTES = 1 << 20;

/**
 * Loads the `.museignore` at a root, for the domain that `.muse/repo.json` names, else `code`. A stranger's `.museignore` is
 * not obeyed, which is a problem of the walk. Neither is the domain in a stranger's `.muse`; {@link checkMuseOwner} returns
 * that problem.
 *
 * @returns undefined if there is no `.museignore`, or if it is {@link defaultMuseIgnore} still, which has no rule.
 * @throws IgnoreFileError if either file exists but cannot be read or understood.
 */
export async function loadIgnoreRules(
  root: string,
  options: LoadIgnoreOptions = {},
): Promise<PatternRules | undefined> {
  const file = join(root, '.museignore');
  const read = await readText(file, READING_RULES, { follow: false });
  if (read === undefined) return undefined;
  const owners = RuleOwners.of(root, options);
  if (!owners.trusts(read.uid, '')) {
    const { PatternRules } = await import('./pattern-rules.js');
    return new PatternRules([], [notTrusted(file, read.uid)]);
  }
  options.onText?.(file, read.text);
  const domain = await loadDomain(root, owners, options);
  if (read.text === defaultMuseIgnore) return undefined;
  const { parseMuseIgnore } = await import('./muse-ignore.js');
  return parseMuseIgnore(read.text, { domain, file });
}

/**
 * Loads the rules in further files of the format of `.museignore`, for the same domain: a later file overrules an
 * earlier one. The paths are native, relative to the current directory, and a link is followed.
 *
 * @throws IgnoreFileError if one of them is missing, or cannot be read or understood.
 */
export async function loadIgnoreFiles(
  root: string,
  files: readonly string[],
  options: LoadIgnoreOptions = {},
): Promise<PatternRules> {
  const domain = await loadDomain(root, RuleOwners.of(root, options), options);
  const read = await Promise.all(
    files.map(async (file) => ({ file, found: await readText(file, READING_RULES, { follow: true }) })),
  );
  const { parseMuseIgnore } = await import('./muse-ignore.js');
  const { PatternRules } = await import('./pattern-rules.js');
  const lists = read.map(({ file, found }) => {
    if (!found) throw new IgnoreFileError(READING_RULES, file, 'there is no such file');
    options.onText?.(file, found.text);
    return parseMuseIgnore(found.text, { domain, file });
  });
  try {
    return new PatternRules(lists.flatMap(({ rules }) => rules));
  } catch (cause) {
    if (!(cause instanceof IgnorePatternError)) throw cause;
    const { file, line } = cause.rule;
    if (file === undefined || line === undefined) throw cause;
    throw new IgnoreFileError(READING_RULES, file, cause.reason, { cause, at: { line, column: 1 } });
  }
}

/** Returns a problem if a stranger owns the `.muse` of a root, so that neither its settings nor its cache count. */
export function checkMuseOwner(root: string, options: RuleOwnerOptions = {}): Promise<Problem | undefined> {
  return new Promise((resolve) => {
    const uid = museOwner(root);
    const isTrusted = uid === undefined || RuleOwners.of(root, options).trusts(uid, '');
    resolve(isTrusted ? undefined : notTrusted(museDir(root), uid));
  });
}

/**
 * Combines several rules into one. Later ones overrule earlier ones: a later `!pattern` takes back in what an earlier one
 * leaves out. Returns undefined if there are none.
 */
export function combineIgnoreRules(...rules: readonly (IgnoreRules | undefined)[]): IgnoreRules | undefined {
  const some = rules.filter((each) => each !== undefined);
  return some.length < 2 ? some[0] : inLayers(some);
}

/** The rules met on the way down to an entry, as a scan of the root would meet them. */
export interface RulesAbove {
  /** The rules for the entries of the directory above; for the root, its own. */
  readonly rules: IgnoreRules | undefined;
  /** The directory on the way, or at its end, that is left out, and why; `''` is a root that a rule above it leaves out. */
  readonly leftOut?: {
    readonly path: string;
    readonly kind: LeftOutKind;
    readonly rule?: IgnoreRule | undefined;
  };
  /** Problems with the rules on the way. */
  readonly problems: readonly Problem[];
}

/**
 * Goes down to an entry of a root as a walk would: applies the rules of the root, reads those on the way, and stops at
 * a directory that is left out.
 */
export async function rulesAbove(
  root: string,
  path: string,
  ignore: IgnoreRules | undefined,
): Promise<RulesAbove> {
  let rules = ignore;
  const problems: Problem[] = [];
  const { rootRule: rule } = ignore ?? {};
  if (rule) return { rules, problems, leftOut: { path: '', kind: 'ignored', rule } };
  if (path === '') return { rules, problems };
  for (let above = '', end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
    const entered = await rules?.enter?.({ root, path: above, mayHold: () => true });
    if (entered) {
      rules = entered.rules;
      problems.push(...entered.problems);
    }
    above = end < 0 ? path : path.slice(0, end);
    if (RESERVED_NAMES.includes(above.slice(above.lastIndexOf('/') + 1))) {
      return { rules, problems, leftOut: { path: above, kind: 'reserved' } };
    }
    if (rules?.ignores(above, true) === true) {
      const rule = rules.explain?.(above, true);
      return { rules, problems, leftOut: { path: above, kind: 'ignored', rule } };
    }
    if (end < 0) return { rules, problems };
  }
}

/** Returns the owner of the `.muse` of a root; undefined if there is none. A file or a link of that name does not count. */
export function museOwner(root: string): number | undefined {
  try {
    const found = lstatSync(toFsPath(museDir(root)));
    return found.isDirectory() ? found.uid : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function loadDomain(root: string, owners: RuleOwners, { onText }: LoadIgnoreOptions): Promise<string> {
  const file = join(museDir(root), 'repo.json');
  const uid = museOwner(root);
  const isTrusted = uid !== undefined && owners.trusts(uid, '');
  const read = isTrusted ? await readText(file, READING_DOMAIN, { follow: false }) : undefined;
  const domain = read ? domainIn(read.text, file) : 'code';
  onText?.(file, domain);
  return domain;
}

/** Returns the domain in the settings; everything else in them is ignored here. */
function domainIn(text: string, file: string): string {
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch (cause) {
    // What the parser says quotes the text.
    throw new IgnoreFileError(READING_DOMAIN, file, 'it is not valid JSON', { cause });
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new IgnoreFileError(READING_DOMAIN, file, 'must hold an object, but does not');
  }
  const domain = Object.hasOwn(settings, 'domain') ? (settings as { domain: unknown }).domain : 'code';
  if (typeof domain === 'string') return domain;
  const kind = domain === null ? 'null' : Array.isArray(domain) ? 'an array' : `of type ${typeof domain}`;
  throw new IgnoreFileError(READING_DOMAIN, file, `"domain" must be a string, but is ${kind}`);
}

/**
 * Reads a small text file and its owner; returns undefined if there is none.
 *
 * @throws IgnoreFileError whose message begins with `action`, unless the file is absent or regular UTF-8.
 */
export async function readText(
  file: string,
  action: string,
  { follow }: { readonly follow: boolean },
): Promise<{ readonly text: string; readonly uid: number } | undefined> {
  let read: GuardedFile;
  try {
    read = await readGuarded(file, { maxBytes: MAX_RULE_FILE_BYTES, follow });
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    if (!(cause instanceof FileReadError)) throw cause;
    throw new IgnoreFileError(action, file, cause.reason, { cause });
  }
  // A `TextDecoder`, which takes away a byte order mark as well, takes a millisecond to load.
  if (isUtf8(read.bytes)) return { text: read.bytes.toString().replace(/^\ufeff/, ''), uid: read.stat.uid };
  const at = firstBadByte(read.bytes);
  throw new IgnoreFileError(action, file, 'must be UTF-8, but here is a byte that is not', { at });
}

function firstBadByte(bytes: Buffer): TextPosition {
  let start = 0;
  for (let line = 1; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    const content = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (!isUtf8(content) || end < 0) return { line, column: content.toString().indexOf('\ufffd') + 1 };
    start = end + 1;
  }
}

/** The users whose files of rules count. */
export class RuleOwners {
  readonly #owners: TrustedOwners;
  readonly #named: string;

  private constructor(owners: TrustedOwners, named: string) {
    this.#owners = owners;
    this.#named = named;
  }

  static of(root: string, { subtree = '', trustOwners }: RuleOwnerOptions): RuleOwners {
    const native = toNativePath(root, subtree);
    const named = typeof native === 'string' ? native : treePathFromBytes(native);
    return new RuleOwners(TrustedOwners.of(named, trustOwners), subtree);
  }

  /** Returns whether a file of `uid` counts in a directory of the tree; undefined is one above the root. */
  trusts(uid: number, directory: string | undefined): boolean {
    const place = this.#placeOf(directory);
    return place === 'below' || this.#owners.trusts(uid, place);
  }

  isBelow(directory: string | undefined): boolean {
    return this.#placeOf(directory) === 'below';
  }

  #placeOf(directory: string | undefined): 'above' | 'at' | 'below' {
    if (directory === this.#named) return 'at';
    const isAbove = directory === undefined || directory === '' || this.#named.startsWith(`${directory}/`);
    return isAbove ? 'above' : 'below';
  }
}

/** Returns whether an error means that there is nothing of that name. */
export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
