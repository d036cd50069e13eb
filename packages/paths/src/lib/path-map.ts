/**
 * V8 takes the length of a longer string for its hash, so that a table of many such is searched from end to end. A newer V8
 * has such a table of its own for each string that a plain set or map was asked for, even an empty one.
 */
const LONGEST_HASHED = 16_383;
/** Characters of a long directory that are looked up at once. */
const CHUNK = 8192;

/** Stands for a long path in a table: an object has a hash of its own. */
interface LongPath {
  readonly path: string;
}

interface Chunk {
  readonly below: Map<string, Chunk>;
  readonly names: Map<string, LongPath>;
}

/** Gives each long path the object that stands for it, by its directory and its name. */
class LongPaths {
  #root: Chunk = newChunk();
  /** The directory of the last look-up: a caller mostly asks for the next name of the same one. */
  #last = { directory: '', chunk: this.#root };

  find(path: string): LongPath | undefined {
    const slash = path.lastIndexOf('/');
    return this.#namesIn(path, slash).get(path.slice(slash + 1));
  }

  make(path: string): LongPath {
    const slash = path.lastIndexOf('/');
    const names = this.#namesIn(path, slash);
    const name = path.slice(slash + 1);
    let found = names.get(name);
    if (!found) names.set(name, (found = { path }));
    return found;
  }

  delete({ path }: LongPath): void {
    const slash = path.lastIndexOf('/');
    this.#namesIn(path, slash).delete(path.slice(slash + 1));
  }

  #namesIn(path: string, slash: number): Map<string, LongPath> {
    const directory = path.slice(0, Math.max(slash, 0));
    if (directory !== this.#last.directory) {
      let chunk = this.#root;
      for (let at = 0; at < slash; at += CHUNK) {
        const part = path.slice(at, Math.min(at + CHUNK, slash));
        let below = chunk.below.get(part);
        if (!below) chunk.below.set(part, (below = newChunk()));
        chunk = below;
      }
      this.#last = { directory, chunk };
    }
    return this.#last.chunk.names;
  }
}

function newChunk(): Chunk {
  return { below: new Map(), names: new Map() };
}

function isLong(path: string): boolean {
  return path.length > LONGEST_HASHED;
}

/** A `Map` from paths that is as quick for paths of any length. */
export class PathMap<V> extends Map<string, V> {
  #long: LongPaths | undefined;

  constructor(entries: Iterable<readonly [string, V]> = []) {
    super();
    for (const [path, value] of entries) this.set(path, value);
  }

  override get(path: string): V | undefined {
    return isLong(path) ? super.get(this.#keyOf(path)) : super.get(path);
  }

  override has(path: string): boolean {
    return isLong(path) ? super.has(this.#keyOf(path)) : super.has(path);
  }

  override set(path: string, value: V): this {
    return super.set(isLong(path) ? asKey((this.#long ??= new LongPaths()).make(path)) : path, value);
  }

  override delete(path: string): boolean {
    if (!isLong(path)) return super.delete(path);
    const found = this.#long?.find(path);
    if (!found) return false;
    this.#long?.delete(found);
    return super.delete(asKey(found));
  }

  override clear(): void {
    this.#long = undefined;
    super.clear();
  }

  override keys(): MapIterator<string> {
    return this.#long ? keysOf(super.keys()) : super.keys();
  }

  override entries(): MapIterator<[string, V]> {
    return this.#long ? entriesOf(super.entries()) : super.entries();
  }

  override [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }

  override forEach(visit: (value: V, path: string, map: Map<string, V>) => void, thisArg?: unknown): void {
    for (const [path, value] of this) visit.call(thisArg, value, path, this);
  }

  /** The empty path is in no map of long ones, and nothing else is asked for by it. */
  #keyOf(path: string): string {
    return asKey(this.#long?.find(path) ?? NOWHERE);
  }
}

/** A `Set` of paths that is as quick for paths of any length. */
export class PathSet extends Set<string> {
  #long: LongPaths | undefined;

  constructor(paths: Iterable<string> = []) {
    super();
    for (const path of paths) this.add(path);
  }

  override has(path: string): boolean {
    return isLong(path) ? super.has(asKey(this.#long?.find(path) ?? NOWHERE)) : super.has(path);
  }

  override add(path: string): this {
    return super.add(isLong(path) ? asKey((this.#long ??= new LongPaths()).make(path)) : path);
  }

  override delete(path: string): boolean {
    if (!isLong(path)) return super.delete(path);
    const found = this.#long?.find(path);
    if (!found) return false;
    this.#long?.delete(found);
    return super.delete(asKey(found));
  }

  override clear(): void {
    this.#long = undefined;
    super.clear();
  }

  override keys(): SetIterator<string> {
    return this.values();
  }

  override values(): SetIterator<string> {
    return this.#long ? keysOf(super.values()) : super.values();
  }

  override entries(): SetIterator<[string, string]> {
    return pairsOf(this.values());
  }

  override [Symbol.iterator](): SetIterator<string> {
    return this.values();
  }

  override forEach(visit: (path: string, same: string, set: Set<string>) => void, thisArg?: unknown): void {
    for (const path of this) visit.call(thisArg, path, path, this);
  }
}

/**
 * Adds to a map from paths and returns it; returns a {@link PathMap} with the same entries instead, once there is a path
 * that a plain map is slow with.
 */
export function withPath<V>(map: Map<string, V>, path: string, value: V): Map<string, V> {
  const fit = isLong(path) && !(map instanceof PathMap) ? new PathMap(map) : map;
  return fit.set(path, value);
}

/** Does for a set of paths what {@link withPath} does for a map, with a {@link PathSet}. */
export function addPath(set: Set<string>, path: string): Set<string> {
  const fit = isLong(path) && !(set instanceof PathSet) ? new PathSet(set) : set;
  return fit.add(path);
}

const NOWHERE: LongPath = { path: '' };

// The table inside holds objects for long paths: its own type knows strings alone.
function asKey(long: LongPath): string {
  return long as unknown as string;
}

function pathOf(key: string): string {
  return typeof key === 'string' ? key : (key as LongPath).path;
}

function* keysOf(keys: Iterable<string>): Generator<string, undefined> {
  for (const key of keys) yield pathOf(key);
}

function* entriesOf<V>(entries: Iterable<[string, V]>): Generator<[string, V], undefined> {
  for (const [key, value] of entries) yield [pathOf(key), value];
}

function* pairsOf(paths: Iterable<string>): Generator<[string, string], undefined> {
  for (const path of paths) yield [path, path];
}
