import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { seededRandom } from '@muse/testkit';
import { exchange } from './exchange.js';

/** Names that are files and directories by turns. */
const NAMES = ['a', 'b', 'c', 'f', 'g'];
const RULE_FILES = ['.gitignore', '.museignore'];
const MOST_FILES = 60;
const MOST_MOUNTS = 4;

/** What a world does to its tree beside what is done to each. */
export interface WorldOptions {
  /** Takes rights away from files and directories, too. The process must be one that they bind. */
  readonly modes?: boolean;
  /** Edits files of rules, too, and makes and removes repositories. */
  readonly rules?: boolean;
  /** Makes hard links. Default: true. */
  readonly links?: boolean;
  /** Mounts and unmounts, too. The process must be one that may, in a namespace of its own. */
  readonly mounts?: boolean;
}

/**
 * A tree that is edited at random, by system calls that have returned when a step has. The same seed makes the same steps as
 * long as the tree is the same.
 */
export class World {
  readonly root: string;
  readonly outside: string;
  /** The number of steps that did something. */
  steps = 0;
  /** The last steps, for a test that fails. */
  readonly log: string[] = [];
  readonly #random: () => number;
  readonly #options: WorldOptions;
  /** Descriptors that are held open from one step to another. */
  readonly #open: number[] = [];
  /** Directories that are watched: they were there when the last question but one was asked, and could be listed. */
  #watched: ReadonlySet<bigint> = new Set();
  #asked: ReadonlySet<bigint> = new Set();
  /**
   * Files that got another name in a directory that nobody can have watched yet. Were that name written through and removed
   * before the next question, nothing would tell: docs/guarantees.md says so.
   */
  #linkedUnwatched = 0;
  /** True if a file got another name since the last question. */
  #isLinked = false;
  #linkedWhenAsked = 0;
  #count = 0;
  #mounts = 0;

  constructor(root: string, outside: string, seed: number, options: WorldOptions = {}) {
    this.root = root;
    this.outside = outside;
    this.#random = seededRandom(seed);
    this.#options = options;
    // Made before anything is watched. A link to the outside that is made later is not promised to be seen.
    for (const name of ['f', 'g']) {
      writeFileSync(join(root, name), this.#content());
      linkSync(join(root, name), join(outside, `link-${name}`));
    }
    for (let i = 0; i < 30; i++) this.step();
  }

  /** Notes that a question begins. */
  asked(): void {
    this.#asked = new Set(this.#directories(this.root));
    this.#linkedWhenAsked = this.#linkedUnwatched;
    this.#isLinked = false;
  }

  /** Notes that it was answered. */
  answered(): void {
    this.#watched = this.#asked;
    this.#linkedUnwatched -= this.#linkedWhenAsked;
    this.#linkedWhenAsked = 0;
  }

  /** Edits the tree once. */
  step(): void {
    const kinds = this.#linkedUnwatched > 0 ? KEEPING : ALL;
    const kind = this.#pick(kinds);
    const [at, other] = [this.#path(), this.#random() < 0.3 ? this.#path() : this.#anyPath()];
    try {
      (this as Record<typeof kind, Edit>)[kind](at, other);
    } catch (error) {
      // Not possible in the tree as it is.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return;
    }
    this.steps++;
    this.note(`${kind} ${at.slice(this.root.length)} ${other.slice(this.root.length)}`);
  }

  /** Unmounts what is mounted, and closes what is open. */
  end(): void {
    while (this.#mounts > 0) this.unmount();
    for (const descriptor of this.#open.splice(0)) closeSync(descriptor);
  }

  /** Adds a line to the log. */
  note(line: string): void {
    this.log.push(line);
    if (this.log.length > 40) this.log.shift();
  }

  // What the edits are made of.

  write(at: string): void {
    this.#small();
    // It would wait for a reader.
    if (statSync(at, { throwIfNoEntry: false })?.isFIFO() === true) return;
    writeFileSync(at, this.#content());
  }

  append(at: string): void {
    if (lstatSync(at).isFile()) appendFileSync(at, this.#content());
  }

  writeWithin(at: string): void {
    const { atime, mtime, size } = this.#file(at);
    const descriptor = openSync(at, 'r+');
    writeSync(descriptor, String(this.#count++ % 10), Math.floor(this.#random() * size));
    closeSync(descriptor);
    utimesSync(at, atime, mtime);
  }

  truncate(at: string): void {
    truncateSync(at, Math.floor(this.#random() * this.#file(at).size));
  }

  touch(at: string): void {
    const time = this.#pick([0, 1, 1_700_000_000.5, 4_000_000_000, Date.now() / 1000]);
    utimesSync(at, time, time);
  }

  chmod(at: string): void {
    const isDirectory = lstatSync(at).isDirectory();
    if (!isDirectory) this.#file(at);
    const [some, all] = isDirectory ? [[0o000, 0o100, 0o400, 0o300], 0o755] : [[0o000, 0o200], 0o644];
    chmodSync(at, this.#options.modes === true && this.#random() < 0.4 ? this.#pick(some) : all);
  }

  remove(at: string): void {
    rmSync(at, { recursive: true });
  }

  rename(at: string, to: string): void {
    renameSync(at, to);
  }

  renameOver(at: string): void {
    const other = join(dirname(at), `.${String(this.#count++)}.tmp`);
    writeFileSync(other, this.#content());
    renameSync(other, at);
  }

  renameOut(at: string): void {
    renameSync(at, this.#outsider());
  }

  renameIn(at: string): void {
    renameSync(this.#outsider(), at);
  }

  swap(at: string, other: string): void {
    const aside = join(this.outside, 'aside');
    renameSync(at, aside);
    try {
      renameSync(other, at);
      renameSync(aside, other);
    } catch (error) {
      if (!existsSync(at) && existsSync(dirname(at))) renameSync(aside, at);
      else rmSync(aside, { recursive: true, force: true });
      throw error;
    }
  }

  exchange(at: string, other: string): void {
    exchange(at, other);
  }

  mount(at: string, other: string): void {
    if (this.#options.mounts !== true || this.#mounts >= MOST_MOUNTS) return;
    const [isFile, isDirectory] = [lstatSync(at).isFile(), lstatSync(at).isDirectory()];
    if (!isFile && !isDirectory) return;
    const source = this.#random() < 0.3 ? (isFile ? join(this.outside, 'link-f') : this.outside) : other;
    const args = isDirectory && this.#random() < 0.4 ? ['-t', 'tmpfs', 'none', at] : ['--bind', source, at];
    if (spawnSync('mount', args).status !== 0) throw Object.assign(new Error(), { code: 'NOMOUNT' });
    this.#mounts++;
    // What comes into the tree by it may have been opened by a name that is gone.
    for (const descriptor of this.#open.splice(0)) closeSync(descriptor);
    if (isDirectory) this.#fill(at);
  }

  /** Ends the mount that was made last, and those in it. */
  unmount(): void {
    if (this.#mounts === 0) return;
    const points = readFileSync('/proc/self/mountinfo', 'latin1')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .filter((point) => point.startsWith(this.root) || point.startsWith(this.outside));
    const last = points.pop();
    this.#mounts = points.length;
    if (last === undefined) return;
    const { status, stderr } = spawnSync('umount', ['-l', last]);
    if (status !== 0) throw new Error(`Cannot unmount ${last}: ${String(stderr)}`);
  }

  makeAgain(at: string): void {
    rmSync(at, { recursive: true });
    mkdirSync(at);
    if (this.#random() < 0.7) writeFileSync(join(at, this.#pick(NAMES)), this.#content());
  }

  makeEmptyAgain(at: string): void {
    rmdirSync(at);
    mkdirSync(at);
  }

  makeDirectory(at: string): void {
    mkdirSync(at);
  }

  makeDeep(at: string): void {
    this.#small();
    let path = at;
    for (let depth = 0; depth < 5; depth++) {
      // Not with parents: Node would try for ever where a directory is mounted that is gone elsewhere.
      if (!existsSync(path)) mkdirSync(path);
      if (depth > 0) this.#fill(path);
      path = join(path, this.#pick(NAMES));
    }
  }

  link(at: string, to: string): void {
    if (this.#options.links === false) return;
    this.#file(at);
    this.#link(at, to);
  }

  linkIn(at: string): void {
    if (this.#options.links === false) return;
    this.#link(join(this.outside, this.#pick(['link-f', 'link-g'])), at);
  }

  linkAndWrite(at: string, to: string): void {
    if (this.#options.links === false) return;
    this.link(at, to);
    appendFileSync(to, this.#content());
    if (this.#linkedUnwatched === 0 && this.#random() < 0.7) unlinkSync(to);
  }

  writeOutside(): void {
    this.write(join(this.outside, this.#pick(['link-f', 'link-g'])));
  }

  symlink(at: string, to: string): void {
    symlinkSync(this.#pick([to, this.outside, 'nowhere']), at);
  }

  makeFifo(at: string): void {
    // Making one takes a process; moving one does not.
    const kept = join(this.outside, 'fifo');
    if (!existsSync(kept)) spawnSync('mkfifo', [kept]);
    linkSync(kept, at);
  }

  becomeDirectory(at: string): void {
    unlinkSync(at);
    mkdirSync(at);
    this.#fill(at);
  }

  becomeFile(at: string): void {
    if (!lstatSync(at).isDirectory()) return;
    rmSync(at, { recursive: true });
    writeFileSync(at, this.#content());
  }

  open(at: string): void {
    if (this.#isLinked) return;
    this.#file(at);
    this.#open.push(openSync(at, 'r+'));
    const oldest = this.#open.length > 4 ? this.#open.shift() : undefined;
    if (oldest !== undefined) closeSync(oldest);
  }

  writeToOpen(): void {
    const descriptor = this.#open.length === 0 ? undefined : this.#pick(this.#open);
    if (descriptor !== undefined) writeSync(descriptor, this.#content(), Math.floor(this.#random() * 20));
  }

  rules(at: string): void {
    if (this.#options.rules !== true) return;
    const name = this.#pick(RULE_FILES);
    const path = name === '.museignore' ? join(this.root, name) : join(dirname(at), name);
    if (this.#random() < 0.3) {
      rmSync(path, { recursive: true });
      return;
    }
    const patterns = [
      this.#pick(NAMES),
      `!${this.#pick(NAMES)}`,
      `${this.#pick(NAMES)}/${this.#pick(NAMES)}`,
    ];
    const some = patterns.filter(() => this.#random() < 0.5);
    writeFileSync(
      path,
      name === '.museignore' ? `[global]\npatterns = ${JSON.stringify(some)}\n` : `${some.join('\n')}\n`,
    );
  }

  repository(at: string): void {
    if (this.#options.rules !== true) return;
    const git = join(dirname(at), '.git');
    if (existsSync(git)) {
      if (this.#random() < 0.3) rmSync(git, { recursive: true });
      else writeFileSync(join(git, 'info/exclude'), `${this.#pick(NAMES)}\n`);
      return;
    }
    for (const name of ['objects', 'refs', 'info']) mkdirSync(join(git, name), { recursive: true });
    writeFileSync(join(git, 'HEAD'), 'ref: refs/heads/main\n');
  }

  muse(): void {
    mkdirSync(join(this.root, '.muse'));
  }

  // What chooses them.

  #pick<T>(values: readonly T[]): T {
    const value = values[Math.floor(this.#random() * values.length)];
    if (value === undefined) throw new RangeError('There is nothing to choose from');
    return value;
  }

  /** Mostly the path of something that is there. */
  #path(): string {
    let at = this.root;
    for (let depth = 0; depth < 3; depth++) {
      const names = this.#random() < 0.75 ? namesIn(at) : NAMES;
      if (names.length === 0) break;
      at = join(at, this.#pick(names));
      if (this.#random() < 0.4) return at;
    }
    return at === this.root ? this.#anyPath() : at;
  }

  #anyPath(): string {
    const depth = 1 + Math.floor(this.#random() * 3);
    return join(this.root, ...Array.from({ length: depth }, () => this.#pick(NAMES)));
  }

  #content(): string {
    return `${String(this.#count++)}${'.'.repeat(Math.floor(this.#random() * 20))}`;
  }

  #file(at: string) {
    const stat = lstatSync(at);
    if (!stat.isFile()) throw Object.assign(new Error('it is no file'), { code: 'NOFILE' });
    return stat;
  }

  #fill(directory: string): void {
    for (let i = 0; i < 2; i++) {
      const path = join(directory, this.#pick(NAMES));
      if (!existsSync(path)) writeFileSync(path, this.#content());
    }
  }

  #outsider(): string {
    return join(this.outside, this.#pick(['o', 'p', 'q']));
  }

  #link(from: string, to: string): void {
    const isWatched = this.#watched.has(lstatSync(dirname(to), { bigint: true }).ino);
    linkSync(from, to);
    if (!isWatched) this.#linkedUnwatched++;
    // Were the name by which it is open gone before a question, what is written to it later would have another one's name.
    for (const descriptor of this.#open.splice(0)) closeSync(descriptor);
    this.#isLinked = true;
  }

  /** Returns the inodes of a directory and of those below it that can be listed. */
  #directories(directory: string): bigint[] {
    try {
      const { ino } = lstatSync(directory, { bigint: true });
      const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      return [ino, ...below.flatMap(({ name }) => this.#directories(join(directory, name)))];
    } catch {
      return [];
    }
  }

  /** Keeps the tree small: the next files are made once some are gone. */
  #small(): void {
    if (this.#count % 50 !== 0) return;
    if (countOf(this.root) > 3 * MOST_FILES && this.#linkedUnwatched === 0)
      for (const name of NAMES.slice(0, 2)) rmSync(join(this.root, name), { recursive: true, force: true });
  }
}

/** Returns the number of entries below a directory. By hand, because Node's own recursion follows links for ever. */
function countOf(directory: string): number {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    const below = entries.filter((entry) => entry.isDirectory());
    return below.reduce((sum, { name }) => sum + countOf(join(directory, name)), entries.length);
  } catch {
    // It may not be read, or is gone.
    return 0;
  }
}

/** Returns the names in a directory, without those that are reserved; none where it is no directory. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

type Edit = (at: string, other: string) => void;

/** Edits by their names, with how often each is made. */
const WEIGHTED = {
  write: 8,
  append: 4,
  writeWithin: 4,
  truncate: 2,
  touch: 2,
  chmod: 4,
  remove: 3,
  rename: 6,
  renameOver: 4,
  renameOut: 2,
  renameIn: 4,
  swap: 3,
  exchange: 1,
  mount: 0.5,
  unmount: 0.5,
  makeAgain: 2,
  makeEmptyAgain: 1,
  makeDirectory: 3,
  makeDeep: 2,
  link: 2,
  linkIn: 1,
  linkAndWrite: 1,
  writeOutside: 2,
  symlink: 1,
  makeFifo: 1,
  becomeDirectory: 1,
  becomeFile: 1,
  open: 2,
  writeToOpen: 3,
  rules: 2,
  repository: 1,
  muse: 0.05,
} satisfies Partial<Record<keyof World, number>>;

const ALL = Object.entries(WEIGHTED).flatMap(([kind, weight]) =>
  Array.from({ length: Math.ceil(weight * 2) }, () => kind as keyof typeof WEIGHTED),
);
/** Those that take no name away. */
const KEEPING = ALL.filter((kind) =>
  /^(write|append|touch|truncate|chmod|makeD|open|link$|linkIn|muse)/.test(kind),
);
