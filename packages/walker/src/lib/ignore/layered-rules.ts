import type { EnteredDirectory, EnteredRules, IgnoreRule, IgnoreRules } from '../types.js';
import { byteText } from './byte-text.js';
import { OpaqueLayer, type Decision, type LayerRead, type RuleLayer } from './rule-layer.js';

/** Rules in layers, of which the last one that knows an entry decides. They are those for the entries of one directory. */
export class LayeredRules implements IgnoreRules {
  readonly #layers: readonly RuleLayer[];
  /** The tree path of that directory. */
  readonly #at: string;
  readonly rootRule: IgnoreRule | undefined;

  constructor(layers: readonly RuleLayer[], at = '', rootRule?: IgnoreRule) {
    this.rootRule = rootRule;
    this.#layers = layers;
    this.#at = at;
  }

  /** Returns the layers of all rules together; those of somebody else are one. */
  static layersOf(rules: readonly IgnoreRules[]): RuleLayer[] {
    return rules.flatMap((each) => (each instanceof LayeredRules ? each.#layers : new OpaqueLayer(each)));
  }

  ignores(path: string, directory: boolean): boolean {
    return this.#decide(path, directory)?.ignored === true;
  }

  explain(path: string, directory: boolean): IgnoreRule | undefined {
    const decision = this.#decide(path, directory);
    return decision?.ignored === true ? decision.rule : undefined;
  }

  enter(directory: EnteredDirectory): EnteredRules | Promise<EnteredRules> {
    const inner = directory.path === this.#at ? this : this.#below(directory.path);
    const reads = inner.#layers.map((layer) => layer.read?.(directory));
    if (reads.every((read) => read === undefined)) return { rules: inner, problems: [] };
    return inner.#entered(reads, directory.path);
  }

  async #entered(reads: readonly (Promise<LayerRead> | undefined)[], path: string): Promise<EnteredRules> {
    const read = await Promise.all(
      this.#layers.map(async (layer, index) => (await reads[index]) ?? { layer, problems: [] }),
    );
    return {
      rules: new LayeredRules(
        read.map(({ layer }) => layer),
        path,
      ),
      problems: read.flatMap(({ problems }) => problems),
    };
  }

  /** Goes down to where the entry is, and stops at a directory that is left out: what is in it is left out with it. */
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
    const entry = { path, name: nameOf(path), directory };
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const decision = this.#layers[i]?.decide(entry);
      if (decision) return decision;
    }
    return undefined;
  }

  #below(path: string): LayeredRules {
    const name = nameOf(path);
    const layers = this.#layers.map((layer) => layer.below(name));
    const isSame = layers.every((layer, index) => layer === this.#layers[index]);
    return new LayeredRules(isSame ? this.#layers : layers, path);
  }
}

function nameOf(path: string): string {
  return byteText(path.slice(path.lastIndexOf('/') + 1));
}
