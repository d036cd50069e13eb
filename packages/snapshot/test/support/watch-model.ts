import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSnapshot, type Snapshot, type Snapshotter, type SnapshotterOptions } from '@muse/snapshot';
import { loadNative, type Native } from '@muse/native';
import { differingPaths, ordinaryUser, seededRandom, sha256Id, tempDir } from '@muse/testkit';
import { nativeEngine } from '@muse/walker/scan';
import { expect } from 'vitest';
import type { EventSource } from '../../src/lib/watch/events.js';
import { openWithEvents } from '../../src/lib/take/snapshotter.js';
import { World, type WorldOptions } from './world.js';

export interface ModelOptions {
  readonly seed: number;
  /** Ends after so many edits. */
  readonly steps: number;
  readonly world?: WorldOptions;
  readonly options?: SnapshotterOptions;
  /** Edits the tree between the system calls of some questions, too. Default: false. */
  readonly during?: boolean;
  /** Has the engine list and hash on this thread, which takes less time where the machine is busy. Default: if `during`. */
  readonly sync?: boolean;
  /** Milliseconds between two audits. Default: as ever. */
  readonly auditMs?: number;
  /** The share of questions before which it waits, for up to 60 ms: until then what was written is read each time. Default: 0.06. */
  readonly waits?: number;
  readonly openEvents?: (engine: Parameters<OpenEvents>[0]) => EventSource;
  /** Compares all that a scan without a cache says once in so many questions; else paths and ids alone. Default: 1. */
  readonly scanEvery?: number;
  /** The most edits between two questions. Default: 12. */
  readonly mostEdits?: number;
}

type OpenEvents = NonNullable<Parameters<typeof openWithEvents>[2]>;

export interface ModelResult {
  readonly steps: number;
  readonly questions: number;
  readonly events: number;
  readonly scans: number;
}

/** What an answer says that does not depend on how it was found out. */
function saying({ id, manifest, complete, problems, stats, rules }: Snapshot) {
  const { files, bytes, directories, leftOut } = stats;
  return { id, manifest: [...manifest], complete, problems, files, bytes, directories, leftOut, rules };
}

/** Runs edits and questions by turns. Throws at the first answer that is not the truth. */
export async function runModel(model: ModelOptions): Promise<ModelResult> {
  const { seed, steps, options = {}, scanEvery = 1, mostEdits = 12, waits = 0.06 } = model;
  const becomeOneself = model.world?.modes === true ? becomeOrdinary() : undefined;
  await using root = tempDir();
  await using outside = tempDir();
  const random = seededRandom(seed + 1);
  const world = new World(root.path, outside.path, seed, model.world);
  // Without one, each file is read again for three seconds.
  if (seed % 4 !== 0) mkdirSync(join(root.path, '.muse'), { recursive: true });
  if (options.subtree !== undefined) {
    rmSync(join(root.path, options.subtree), { recursive: true, force: true });
    mkdirSync(join(root.path, options.subtree));
  }
  const counts = { questions: 0, events: 0, scans: 0 };
  const held: { snapshot: Snapshot; manifest: string; id: string }[] = [];
  const stepping =
    (model.during ?? model.sync)
      ? await steppingEngine(() => {
          if (random() < 0.02) world.step();
        })
      : undefined;
  const snapshotter = await openWithEvents(
    root.path,
    { threads: 1, ...options, watch: true },
    model.openEvents,
    model.auditMs,
  );
  const isPlain = options.subtree === undefined && !model.world?.rules && !model.world?.modes;
  const context = () => `seed ${String(seed)}, question ${String(counts.questions)}: ${world.log.join('\n')}`;
  const startTheClock = countLooks();
  try {
    while (world.steps < steps) {
      for (let count = Math.floor(random() * mostEdits); count > 0; count--) world.step();
      if (random() < waits) await sleep(random() * 60);
      counts.questions++;
      world.note(`--- question ${String(counts.questions)}`);
      world.asked();
      const isMoving = model.during === true && random() < 0.4;
      if (stepping) stepping.isOn = isMoving;
      const answer = await ask(snapshotter);
      if (stepping) stepping.isOn = false;
      world.answered();
      if ('error' in answer) {
        if (isMoving) continue;
        const truth = await ask({
          snapshot: () => createSnapshot(root.path, { threads: 1, ...options, cache: false }),
        });
        expect('error' in truth ? truth.error : truth.id, context()).toBe(answer.error);
        continue;
      }
      counts[answer.by === 'events' ? 'events' : 'scans']++;
      if (isMoving) {
        held.push({ snapshot: answer, manifest: JSON.stringify([...answer.manifest]), id: answer.id });
      } else if (isPlain && counts.questions % scanEvery !== 0) {
        const { id, manifest } = plainOracle(root.path);
        if (answer.id !== id) {
          const truth = new Map(JSON.parse(manifest) as [string, string][]);
          const differing = differingPaths(truth, new Map(answer.manifest));
          expect(differing, `${context()}, by ${answer.by}`).toEqual([]);
          expect(answer.id, context()).toBe(id);
        }
        held.push({ snapshot: answer, manifest, id });
      } else {
        const fresh = await createSnapshot(root.path, { threads: 1, ...options, cache: false });
        const [said, truth] = [saying(answer), saying(fresh)];
        // Digests of rule files that are gone may stay among them.
        if (model.world?.rules)
          said.rules = said.rules?.filter(({ file }) => truth.rules?.some((rule) => rule.file === file));
        if (JSON.stringify(said) !== JSON.stringify(truth)) {
          expect(said, context()).toEqual(truth);
        }
      }
      if (held.length > 20) {
        const [{ snapshot, manifest, id }] = held.splice(Math.floor(random() * held.length), 1) as [
          (typeof held)[0],
        ];
        expect(snapshot.id, context()).toBe(id);
        if (JSON.stringify([...snapshot.manifest]) !== manifest)
          expect([...snapshot.manifest], context()).toEqual(JSON.parse(manifest));
      }
    }
  } finally {
    world.end();
    stepping?.restore();
    startTheClock();
    await snapshotter.close();
    becomeOneself?.();
  }
  return { steps: world.steps, ...counts };
}

async function ask(snapshotter: Pick<Snapshotter, 'snapshot'>): Promise<Snapshot | { error: string }> {
  try {
    return await snapshotter.snapshot();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { error: code };
  }
}

/** Has this process act as a user whom rights bind, until the function that it returns is called. */
function becomeOrdinary(): (() => void) | undefined {
  const user = ordinaryUser();
  const [uid, gid] = [process.geteuid?.(), process.getegid?.()];
  if (!user || uid !== 0 || gid === undefined) return undefined;
  process.setegid?.(user.gid);
  process.seteuid?.(user.uid);
  return () => {
    process.seteuid?.(uid);
    process.setegid?.(gid);
  };
}

/**
 * Has a millisecond pass at each look at the clock and at no other time, until the function that it returns is called: watching
 * again may take no more than a share of the time, and a busy machine would leave nearly all questions to scans.
 */
function countLooks(): () => void {
  let looks = 0;
  Reflect.set(performance, 'now', () => ++looks);
  return () => {
    Reflect.deleteProperty(performance, 'now');
  };
}

/** Has the native engine stop before each system call that it makes. */
async function steppingEngine(onStep: () => void) {
  const engine = await nativeEngine(undefined);
  const control = { isOn: false };
  const { native: stepping } = loadNative({
    onStep: () => {
      if (control.isOn) onStep();
    },
  });
  if (!engine || !stepping) throw new Error('This system has no native engine');
  // A spy would keep all that it was called with.
  const [scan, hash] = [engine.native.scan.bind(engine.native), engine.native.hash.bind(engine.native)];
  const replace = (calls: Pick<Native, 'scan' | 'hash'>) => Object.assign(engine.native, calls);
  replace({
    scan: (call) => Promise.resolve(stepping.scanSync(call)),
    hash: (call) => Promise.resolve(stepping.hashSync(call)),
  });
  return Object.assign(control, {
    restore: () => {
      replace({ scan, hash });
    },
  });
}

/** Returns the id and the manifest of a tree with names of ASCII, at once. */
function plainOracle(root: string): { id: string; manifest: string } {
  const files: [string, string][] = [];
  const list = (directory: string, prefix: string) => {
    for (const name of readdirSync(directory)) {
      if (name === '.muse' || name === '.git') continue;
      const native = join(directory, name);
      const stat = lstatSync(native);
      if (stat.isDirectory()) list(native, `${prefix}${name}/`);
      else if (stat.isFile()) files.push([prefix + name, sha256Id(readFileSync(native))]);
    }
  };
  list(root, '');
  files.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    id: sha256Id(files.map(([path, id]) => `${path}\0${id}`).join('\0')),
    manifest: JSON.stringify(files),
  };
}
