import { posix } from 'node:path';
import type { Manifest, ParsedSnapshot } from '@muse/snapshot';
import { usageError } from '../command-error.js';

/** The part of two snapshots that paths on the command line name, as the answer prints them. */
export class Selection {
  readonly #paths: readonly string[];

  /** @throws CommandError when one leads out of what is compared. */
  constructor(names: readonly string[]) {
    this.#paths = names.map(normalized);
  }

  of(snapshot: ParsedSnapshot): ParsedSnapshot {
    if (this.#paths.length === 0 || this.#paths.includes('')) return snapshot;
    const manifest: Manifest = new Map([...snapshot.manifest].filter(([path]) => this.#has(path)));
    const problems = snapshot.problems.filter(({ path }) => this.#has(path) || this.#isAbove(path));
    // One that is incomplete without a problem does not say where.
    const complete = problems.length === 0 && (snapshot.complete || snapshot.problems.length > 0);
    return { ...snapshot, manifest, problems, complete };
  }

  #has(path: string): boolean {
    return this.#paths.some((named) => path === named || path.startsWith(`${named}/`));
  }

  #isAbove(path: string): boolean {
    return path === '' || this.#paths.some((named) => named.startsWith(`${path}/`));
  }
}

function normalized(name: string): string {
  const path = posix.normalize(name).replace(/\/$/, '');
  if (path === '.') return '';
  if (name === '' || path === '..' || path.startsWith('../') || path.startsWith('/')) {
    throw usageError(
      `cannot look for ${name === '' ? "''" : name} in what is compared`,
      "after -- write paths as the answer prints them, such as 'src/main.c'",
    );
  }
  return path;
}
