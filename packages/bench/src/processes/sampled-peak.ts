import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { peakMemory } from '../children/peak-memory.js';
import { measuredEnvironment } from './environment.js';
import type { Command } from './run.js';

const PAUSE_MS = 2;
/** A process that ends sooner was hardly seen. */
const LEAST_LOOKS = 10;

/**
 * Runs a program and looks at it and its children again and again; returns the most memory that one of them has had,
 * in bytes. What a process takes in its last 2 ms may be missed; `undefined` where it ended too soon to tell.
 */
export async function sampledPeak({ program, args, cwd, env, stdin }: Command): Promise<number | undefined> {
  const input = stdin === undefined ? 'ignore' : openSync(stdin, 'r');
  try {
    const child = spawn(program, args, {
      cwd,
      env: measuredEnvironment(env),
      stdio: [input, 'ignore', 'ignore'],
    });
    let ended = false;
    const end = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => {
        ended = true;
        resolve();
      });
    });
    let peak = 0;
    let looks = 0;
    const watch = async () => {
      while (!ended) {
        for (const pid of familyOf(child.pid)) peak = Math.max(peak, peakMemory(pid) ?? 0);
        looks++;
        await sleep(PAUSE_MS);
      }
    };
    await Promise.race([end, watch()]);
    return looks < LEAST_LOOKS || peak === 0 ? undefined : peak;
  } finally {
    if (typeof input === 'number') closeSync(input);
  }
}

function familyOf(pid: number | undefined): number[] {
  return pid === undefined ? [] : [pid, ...childrenOf(pid).flatMap(familyOf)];
}

function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return children.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
