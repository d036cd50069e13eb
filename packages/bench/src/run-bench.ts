import { changedCase } from './cases/changed.js';
import { coldCase } from './cases/cold.js';
import { diskCase } from './cases/disk.js';
import { largeFileCase } from './cases/large-file.js';
import { startCase } from './cases/start.js';
import { busyCase, warmCase } from './cases/warm.js';
import { runInTurn } from './contestants/in-turn.js';
import type { Contestant } from './contestants/contestant.js';
import { fillCache } from './contestants/our-contestants.js';
import { engineHere } from './engine.js';
import { thisMachine } from './machine.js';
import type { BenchOptions } from './options.js';
import { findPeers, programVersion, type PeerName } from './peers.js';
import { BusyProcess } from './processes/busy-process.js';
import { whyNotFromDisk } from './processes/page-cache.js';
import type { Measurement, Results, Skipped, TreeFacts, WatchingFigures } from './results.js';
import { factsOf, type BenchTree } from './trees/bench-tree.js';
import { letSettle } from './trees/edits.js';
import { builtTrees, givenTree, largeFileTree, seriesTrees, type TreePlan } from './trees/plans.js';
import { makeTree } from './trees/make-tree.js';
import { Scratch } from './trees/scratch.js';
import { measureWatching, whyNotWatched } from './watching.js';

/** Peers of the series: one that hashes, one that compares, one that lists, and what cannot be undercut. */
const SERIES_PEERS: readonly PeerName[] = ['sha256sum', 'git', 'fdir', 'floor'];
/** A start takes so little that it can be measured more often. */
const STARTS_A_ROUND = 3;
const HUGE = 500_000;
const HUGE_ROUNDS = 3;
/** V8 collects garbage once, some 10 to 30 s after the last work: a shorter time has all of that in it, or nothing. */
const IDLE_SECONDS = 60;
/** A disk takes long, and has no more to say the fourth time. */
const DISK_ROUNDS = 3;

/** Measures everything that is asked for; `say` hears how far it is. */
export async function runBench(options: BenchOptions, say: (line: string) => void): Promise<Results> {
  const { peers, programs, skipped } = findPeers(options.peers);
  const run = new BenchRun(options, peers, say);
  const { directory, copy, cases } = options;
  if (cases.has('start')) await run.inTurn('no tree', startCase(), options.rounds * STARTS_A_ROUND);
  const trees = directory === undefined ? builtTrees(options) : [givenTree(directory, copy)];
  for (const plan of trees) await run.onTree(plan, (tree) => run.allCases(tree));
  if (directory === undefined && cases.has('file')) {
    await run.onTree(largeFileTree(options), (tree) => run.largeFile(tree));
  }
  if (directory === undefined && cases.has('sizes')) {
    for (const plan of seriesTrees(options)) await run.onTree(plan, (tree) => run.series(tree));
  }
  const tracer = findTracer();
  return {
    format: 1,
    date: new Date().toISOString().slice(0, 10),
    quick: options.quick,
    rounds: options.rounds,
    machine: thisMachine(copy ? undefined : directory),
    engine: engineHere(),
    programs: [...programs, ...tracer.programs],
    skipped: [...skipped, ...tracer.skipped, ...run.skipped],
    trees: run.trees,
    measurements: run.measurements,
    watching: run.watching,
  };
}

class BenchRun {
  readonly trees: TreeFacts[] = [];
  readonly measurements: Measurement[] = [];
  readonly skipped: Skipped[] = [];
  readonly watching: Record<string, WatchingFigures> = {};
  readonly #options: BenchOptions;
  readonly #peers: ReadonlySet<PeerName>;
  readonly #say: (line: string) => void;

  constructor(options: BenchOptions, peers: ReadonlySet<PeerName>, say: (line: string) => void) {
    this.#options = options;
    this.#peers = peers;
    this.#say = say;
  }

  /** Makes a tree, measures on it, and removes it. */
  async onTree(plan: TreePlan, work: (tree: BenchTree) => Promise<void>): Promise<void> {
    this.#say(`${plan.name}: make the tree`);
    using scratch = new Scratch();
    const tree = makeTree(plan, scratch);
    this.trees.push(factsOf(tree));
    await work(tree);
  }

  async allCases(tree: BenchTree): Promise<void> {
    const { cases, slowPeers } = this.#options;
    if (cases.has('cold')) await this.inTurn(tree.name, coldCase(tree, this.#peers, slowPeers));
    if (cases.has('disk') && tree.role === 'main') await this.disk(tree);
    this.#settle(tree);
    if (cases.has('warm')) await this.inTurn(tree.name, warmCase(tree, this.#peers));
    if (cases.has('busy') && tree.role === 'main') {
      await this.busy(tree);
    }
    const changed = (['ten', 'percent', 'touched'] as const).filter((name) => cases.has(name));
    if (tree.editable) {
      await this.inTurn(
        tree.name,
        changed.flatMap((name) => changedCase(tree, name, this.#peers)),
      );
    } else {
      this.skipped.push(...changed.map((name) => ({ name, reason: 'the tree is not ours to edit' })));
    }
    if (tree.role === 'main') this.watch(tree);
  }

  watch(tree: BenchTree): void {
    const { cases, quick, rounds } = this.#options;
    if (!cases.has('watching')) return;
    const reason = whyNotWatched(tree);
    if (reason !== undefined) {
      this.skipped.push({ name: 'watching', reason });
      return;
    }
    this.#say(`${tree.name}: watching`);
    this.skipped.push({
      name: 'git status with core.fsmonitor',
      reason: 'its daemon outlives the command, so that nobody would end it after the run',
    });
    this.#settle(tree);
    this.watching[tree.name] = measureWatching(tree, { rounds, idleSeconds: quick ? 1 : IDLE_SECONDS });
  }

  async disk(tree: BenchTree): Promise<void> {
    const reason = whyNotFromDisk(thisMachine(tree.root).fileSystem);
    if (reason !== undefined) this.skipped.push({ name: 'disk', reason });
    else {
      const rounds = Math.min(this.#options.rounds, DISK_ROUNDS);
      await this.inTurn(tree.name, diskCase(tree, this.#peers), rounds);
    }
  }

  async busy(tree: BenchTree): Promise<void> {
    const busy = new BusyProcess();
    try {
      await this.inTurn(tree.name, busyCase(tree, this.#peers));
    } finally {
      busy.end();
    }
  }

  async largeFile(tree: BenchTree): Promise<void> {
    await this.inTurn(tree.name, largeFileCase(tree, this.#peers));
  }

  async series(tree: BenchTree): Promise<void> {
    const peers = new Set(SERIES_PEERS.filter((name) => this.#peers.has(name)));
    const rounds = Math.min(this.#options.rounds, tree.files > HUGE ? HUGE_ROUNDS : Infinity);
    await this.inTurn(tree.name, coldCase(tree, peers, false), rounds);
    this.#settle(tree);
    await this.inTurn(tree.name, warmCase(tree, peers), rounds);
    if (tree.files > HUGE) this.watch(tree);
  }

  async inTurn(
    tree: string,
    contestants: readonly Contestant[],
    rounds = this.#options.rounds,
  ): Promise<void> {
    if (contestants.length === 0) return;
    const cases = [...new Set(contestants.map((contestant) => contestant.case))].join(', ');
    const measured = await runInTurn(contestants, {
      tree,
      rounds,
      onSkip: (skipped) => this.skipped.push(skipped),
      onRound: (round) => {
        this.#say(`${tree}, ${cases}: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`);
      },
    });
    this.measurements.push(...measured);
  }

  #settle(tree: BenchTree): void {
    letSettle(tree);
    fillCache(tree);
  }
}

/** Counts system calls; not a peer, and without it only that table is missing. */
function findTracer(): Pick<Results, 'programs' | 'skipped'> {
  try {
    return { programs: [{ name: 'strace', version: programVersion('strace') }], skipped: [] };
  } catch {
    return { programs: [], skipped: [{ name: 'system calls', reason: 'strace is not installed' }] };
  }
}
