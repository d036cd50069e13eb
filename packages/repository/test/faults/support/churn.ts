import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { seededRandom } from '@muse/testkit';

/** Files that keep changing, until the end of an `await using` scope at the latest. */
export interface Churn extends AsyncDisposable {
  /** Changes made so far. */
  readonly changes: number;
  /** Ends it; from then on nothing changes any more. */
  stop(): Promise<void>;
}

type Random = () => number;

const FILES = 40;

/**
 * Keeps changing files in `<root>/churn`: in place and by rename, with the old time put back, shorter, longer, gone,
 * back, elsewhere. Some changes are a millisecond apart, some a few.
 */
export function startChurn(root: string, seed: number): Churn {
  const random = seededRandom(seed);
  const files = new ChangingFiles(join(root, 'churn'), random);
  let changes = 0;
  const ending = new AbortController();
  const changing = (async () => {
    for (; !ending.signal.aborted; changes++) {
      files.change();
      await setTimeout(random() < 0.5 ? 1 : 8 * random());
    }
  })();
  const stop = () => {
    ending.abort();
    return changing;
  };
  return {
    get changes() {
      return changes;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

class ChangingFiles {
  readonly #directory: string;
  readonly #random: Random;
  readonly #changes: readonly ((path: string) => void)[];
  #halls = ['hall-a', 'hall-b'];

  constructor(directory: string, random: Random) {
    this.#directory = directory;
    this.#random = random;
    for (const hall of this.#halls) mkdirSync(join(directory, hall), { recursive: true });
    for (let index = 0; index < FILES; index++) writeFileSync(this.#path(index), this.#content(1000));
    this.#changes = [
      (path) => {
        this.#rewriteUnseen(path);
      },
      (path) => {
        this.#replaceUnseen(path);
      },
      (path) => {
        appendFileSync(path, this.#content(10));
      },
      (path) => {
        truncateSync(path, Math.floor(random() * 500));
      },
      (path) => {
        rmSync(path);
        if (random() < 0.5) writeFileSync(path, this.#content(700));
      },
      () => {
        this.#swapHalls();
      },
    ];
  }

  change(): void {
    const path = this.#path(Math.floor(this.#random() * FILES));
    const change = this.#changes[Math.floor(this.#random() * this.#changes.length)];
    if (statSync(path, { throwIfNoEntry: false })) change?.(path);
    else writeFileSync(path, this.#content(1000));
  }

  #path(index: number): string {
    return join(this.#directory, this.#halls[index % 2] ?? '', `file-${index}`);
  }

  #content(bytes: number): string {
    return String(this.#random()).padEnd(bytes, '.');
  }

  /** Same size, same mtime, same inode: only the ctime tells. */
  #rewriteUnseen(path: string): void {
    const { atime, mtime, size } = statSync(path);
    writeFileSync(path, this.#content(size).slice(0, size), { flag: 'r+' });
    utimesSync(path, atime, mtime);
  }

  /** Same size, same mtime. */
  #replaceUnseen(path: string): void {
    const { atime, mtime, size } = statSync(path);
    const next = `${path}.next`;
    writeFileSync(next, this.#content(size).slice(0, size));
    utimesSync(next, atime, mtime);
    renameSync(next, path);
  }

  /** Each of two directories gets the other's name. */
  #swapHalls(): void {
    const [a = '', b = ''] = this.#halls.map((hall) => join(this.#directory, hall));
    const aside = join(this.#directory, 'aside');
    renameSync(a, aside);
    renameSync(b, a);
    renameSync(aside, b);
    this.#halls = this.#halls.toReversed();
  }
}
