import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir, totalmem, type } from 'node:os';
import { realpathSync } from 'node:fs';
import type { Machine } from './results.js';

/** Tells what a run runs on; the file system is that of a directory. */
export function thisMachine(directory: string = tmpdir()): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release().split('-')[0] ?? ''}`,
    fileSystem: fileSystemOf(directory) ?? 'unknown',
    node: process.versions.node,
  };
}

/** Returns the type of the mount that a directory is on; `undefined` on a system without /proc. */
function fileSystemOf(directory: string): string | undefined {
  try {
    const path = realpathSync(directory);
    const mounts = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n');
    const [, fileSystem] = mounts
      .map((mount) => mount.split(' '))
      .map(([, point = '', fileSystem = '']) => [point.replace(/\/$/, ''), fileSystem] as const)
      .filter(([point]) => path === point || path.startsWith(`${point}/`))
      // The last of those with the longest path hides the others.
      .reduce<readonly [string, string]>(
        (best, each) => (each[0].length >= best[0].length ? each : best),
        ['', ''],
      );
    return fileSystem;
  } catch {
    return undefined;
  }
}
