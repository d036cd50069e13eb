import { treePathToBytes } from '@muse/paths';
import { itemOf } from '../scan/reply.js';
import type { EnteredDirectory, EnteredRules, IgnoreRule, IgnoreRules, Problem } from '../types.js';

/** The verdict of rules on an entry that one of them matches. */
export interface Decision {
  /** False if the rule takes the entry back in. */
  readonly ignored: boolean;
  readonly rule: IgnoreRule | undefined;
}

/** An entry to judge, in the directory of a layer. */
export interface JudgedEntry {
  /** Its tree path. */
  readonly path: string;
  /** Its name, with one character for each byte. */
  readonly name: string;
  readonly directory: boolean;
}

/**
 * One of several sets of rules, for the entries of one directory. It distinguishes an entry that it takes back in from one
 * that it has no rule for. Immutable.
 */
export interface RuleLayer {
  decide(entry: JudgedEntry): Decision | undefined;
  /** Returns the layer for the directory of that name; this one, if nothing differs there. */
  below(name: string): RuleLayer;
  /** Reads the rules that the directory itself holds, once it is listed. Default: it holds none. */
  read?(directory: EnteredDirectory): Promise<LayerRead> | undefined;
}

/** A layer with the rules that a directory holds, and the problems with them. */
export interface LayerRead {
  readonly layer: RuleLayer;
  readonly problems: readonly Problem[];
}

let layersOf: (rules: LayeredRules) => readonly RuleLayer[];

/** Rules in layers, for the entries of one directory. The last layer with a rule for an entry decides. */
export class LayeredRules implements IgnoreRules {
  readonly #layers: readonly RuleLayer[];
  /** The tree path of that directory. */
  readonly #at: string;
  /** Those of the directory above, where no more than these are in it. */
  readonly #outer: LayeredRules | undefined;
  readonly rootRule: IgnoreRule | undefined;

  constructor(layers: readonly RuleLayer[], at = '', rootRule?: IgnoreRule, outer?: LayeredRules) {
    this.#layers = layers;
    this.#at = at;
    this.rootRule = rootRule;
    this.#outer = outer;
  }

  static {
    layersOf = (rules) => rules.#layers;
  }

  ignores(path: string, directory: boolean): boolean {
    return this.#decide(path, directory)?.ignored === true;
  }

  explain(path: string, directory: boolean): IgnoreRule | undefined {
    const decision = this.#decide(path, directory);
    return decision?.ignored === true ? decision.rule : undefined;
  }

  enter(directory: EnteredDirectory): EnteredRules | Promise<EnteredRules> {
    const { path, before } = directory;
    const isBefore = before instanceof LayeredRules && before.#outer === this && before.#at === path;
    const inner = path === this.#at ? this : isBefore ? before : this.#below(path);
    const reads = inner.#layers.map((layer) => layer.read?.(directory));
    if (reads.every((read) => read === undefined)) return { rules: inner, problems: [] };
    return inner.#entered(reads, path);
  }

  async #entered(reads: readonly (Promise<LayerRead> | undefined)[], path: string): Promise<EnteredRules> {
    const read = await Promise.all(
      this.#layers.map(async (layer, index) => (await reads[index]) ?? { layer, problems: [] }),
    );
    const layers = read.map(({ layer }) => layer);
    return { rules: new LayeredRules(layers, path), problems: read.flatMap(({ problems }) => problems) };
  }

  /** Goes down to the entry, and stops at a directory that is left out: everything in it is left out, too. */
  #decide(path: string, directory: boolean): Decision | undefined {
    if (path === '') return undefined;
    const slash = path.lastIndexOf('/');
    if (slash < 0 || slash === this.#at.length) return this.#decideHere(path, directory);
    let rules = this as LayeredRules;
    for (let end = path.indexOf('/', this.#at.length + 1); end >= 0; end = path.indexOf('/', end + 1)) {
      const above = path.slice(0, end);
      const decision = rules.#decideHere(above, true);
      if (decision?.ignored === true) return decision;
      rules = rules.#below(above);
    }
    return rules.#decideHere(path, directory);
  }

  #decideHere(path: string, directory: boolean): Decision | undefined {
    return decideLast(this.#layers, { path, name: nameOf(path), directory });
  }

  #below(path: string): LayeredRules {
    const name = nameOf(path);
    return new LayeredRules(
      this.#layers.map((layer) => layer.below(name)),
      path,
      undefined,
      this,
    );
  }
}

/** Returns rules as layers, where later ones overrule earlier ones; a caller's own rules become one layer. */
export function inLayers(rules: readonly IgnoreRules[]): LayeredRules {
  const layers = rules.flatMap((each) =>
    each instanceof LayeredRules ? layersOf(each) : new ForeignLayer(each),
  );
  return new LayeredRules(layers, '', rules.find(({ rootRule }) => rootRule)?.rootRule);
}

/** Returns the verdict of the last layer that has a rule for an entry. */
export function decideLast(layers: readonly RuleLayer[], entry: JudgedEntry): Decision | undefined {
  for (let i = layers.length - 1; i >= 0; i--) {
    const decision = itemOf(layers, i).decide(entry);
    if (decision) return decision;
  }
  return undefined;
}

/**
 * Spells a text as its bytes, one character each, which leaves ASCII as it is.
 *
 * Git matches bytes: `?` is one byte of a name, and a name that is not UTF-8 is like any other. Patterns and paths in
 * this form match as there.
 */
export function byteText(text: string): string {
  return /[^\0-\x7f]/.test(text) ? treePathToBytes(text).toString('latin1') : text;
}

function nameOf(path: string): string {
  return byteText(path.slice(path.lastIndexOf('/') + 1));
}

/** Rules that a caller implemented, which only say what is left out. */
class ForeignLayer implements RuleLayer {
  readonly #rules: IgnoreRules;

  constructor(rules: IgnoreRules) {
    this.#rules = rules;
  }

  decide({ path, directory }: JudgedEntry): Decision | undefined {
    if (!this.#rules.ignores(path, directory)) return undefined;
    return { ignored: true, rule: this.#rules.explain?.(path, directory) };
  }

  below(): RuleLayer {
    return this;
  }

  read(directory: EnteredDirectory): Promise<LayerRead> | undefined {
    const entered = this.#rules.enter?.(directory);
    if (!entered) return undefined;
    return Promise.resolve(entered).then(({ rules, problems }) => ({
      layer: new ForeignLayer(rules),
      problems,
    }));
  }
}

/** Returns a layer that reports problems of the rules before it as problems of the root; none if there are no problems. */
export function reportsOf(problems: readonly Problem[]): RuleLayer[] {
  if (problems.length === 0) return [];
  const layer: RuleLayer = {
    decide: () => undefined,
    below: () => layer,
    read: ({ path }) => (path === '' ? Promise.resolve({ layer, problems }) : undefined),
  };
  return [layer];
}
