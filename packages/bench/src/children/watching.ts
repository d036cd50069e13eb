/**
 * Measures a watched tree and prints what it found as JSON: `watching.js <root> <list of its files> <rounds> <idle seconds>`.
 * Edits files, and makes and removes 10,000.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSnapshotter, type Snapshotter } from '@muse/snapshot';
import type { LivingFigures } from '../results.js';
import { spreadOf } from '../statistics.js';
import { editFiles } from './edit-files.js';
import { inotifyWatches } from './inotify-watches.js';

const [root = '', list = '', rounds = '3', idleSeconds = '10'] = process.argv.slice(2);
/** Until what was edited is trusted, and a further question would read nothing again. */
const SETTLE_MS = 200;
const BUILD_FILES = 10_000;
const SAVED_AFTER_MS = 12_000;

const paths = readFileSync(list, 'latin1').split('\0').slice(0, -1);
console.log(JSON.stringify(await measure()));

async function measure(): Promise<LivingFigures> {
  await using snapshotter = await openSnapshotter(root, { watch: true });
  const { by, stats } = await snapshotter.snapshot();
  if (by !== 'scan') throw new Error('The first answer was not by a scan');
  await sleep(SETTLE_MS * 5);
  const questions = {
    none: spreadOf(await questionsAfter(snapshotter, 0)),
    one: spreadOf(await questionsAfter(snapshotter, 1)),
    ten: spreadOf(await questionsAfter(snapshotter, 10)),
    thousand: spreadOf(await questionsAfter(snapshotter, 1000)),
  };
  const watches = inotifyWatches();
  const residentBytes = process.memoryUsage.rss();
  return {
    directories: stats.directories,
    watches,
    residentBytes,
    questions,
    idleCpu: await idleCpu(),
    build: await build(snapshotter),
  };
}

async function questionsAfter(snapshotter: Snapshotter, edits: number): Promise<number[]> {
  const samples: number[] = [];
  for (let round = 0; round <= Number(rounds) * 3; round++) {
    if (edits > 0) editFiles(root, paths, Math.min(edits, paths.length));
    const started = performance.now();
    const { by, stats } = await snapshotter.snapshot();
    if (round > 0) samples.push(performance.now() - started);
    if (by !== 'events') throw new Error('An answer was not by events');
    if (edits > 0 && stats.hashedFiles < Math.min(edits, paths.length))
      throw new Error('An edit was not read');
    if (edits === 0) continue;
    // Until nothing is left to be read once more.
    await sleep(SETTLE_MS);
    await snapshotter.snapshot();
  }
  return samples;
}

/** The part of one processor that this process takes while nothing happens. */
async function idleCpu(): Promise<number> {
  // What the questions recorded is saved ten seconds after the last of them.
  await sleep(Math.min(SAVED_AFTER_MS, Number(idleSeconds) * 1000));
  const before = process.cpuUsage();
  const started = performance.now();
  await sleep(Number(idleSeconds) * 1000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - started);
}

/** What it takes to hear of a build that writes many files, until the last of them is told. */
async function build(snapshotter: Snapshotter): Promise<LivingFigures['build']> {
  const directory = `${root}/muse-bench-build`;
  const ended = new AbortController();
  let told = 0;
  let changes = 0;
  const listening = (async () => {
    for await (const { kind, added } of snapshotter.changes({ deferId: true, signal: ended.signal })) {
      if (kind === 'start') continue;
      changes++;
      told += added.length;
      if (told >= BUILD_FILES) return;
    }
  })();
  await sleep(SETTLE_MS);
  const before = process.cpuUsage();
  const started = performance.now();
  const script = `const fs = require('fs'); fs.mkdirSync(${JSON.stringify(directory)}); for (let i = 0; i < ${BUILD_FILES}; i++) { if (i % 100 === 0) fs.mkdirSync(${JSON.stringify(directory)} + '/' + i / 100); fs.writeFileSync(${JSON.stringify(directory)} + '/' + Math.floor(i / 100) + '/' + i, 'built ' + i); }`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
  await once(child, 'exit');
  const writtenMs = performance.now() - started;
  await listening;
  const toldMs = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  rmSync(directory, { recursive: true });
  return { files: BUILD_FILES, writtenMs, toldMs, cpuSeconds: (user + system) / 1e6, changes };
}
