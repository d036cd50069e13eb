import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { floors } from './floors.js';
import { callInProcess } from './processes/library-process.js';
import type { Program, Skipped } from './results.js';

export const PEER_NAMES = [
  'git',
  'git-untracked-cache',
  'git-hash-object',
  'sha256sum',
  'b3sum',
  'glob-hasher',
  'folder-hash',
  'fdir',
  'fs.walk',
  'floor',
] as const;

export type PeerName = (typeof PEER_NAMES)[number];

/** Which of the peers that were asked for work here. */
export interface PeersHere {
  readonly peers: ReadonlySet<PeerName>;
  readonly programs: readonly Program[];
  readonly skipped: readonly Skipped[];
}

/** Tries out each peer and tells what it is; throws where it does not work. */
const origins: Readonly<Record<PeerName, () => Program>> = {
  git: () => installed('git'),
  'git-untracked-cache': () => installed('git'),
  'git-hash-object': () => installed('git'),
  sha256sum: () => installed('sha256sum'),
  b3sum: () => installed('b3sum'),
  'glob-hasher': () => library('glob-hasher'),
  'folder-hash': () => library('folder-hash'),
  fdir: () => library('fdir'),
  'fs.walk': () => library('fs.walk', '@nodelib/fs.walk'),
  floor: () => {
    const { name, compiler } = floors();
    return { name, version: `by ${compiler.name} ${compiler.version}` };
  },
};

/** Tries out each peer that was asked for. */
export function findPeers(wanted: readonly PeerName[]): PeersHere {
  const peers = new Set<PeerName>();
  const programs = new Map<string, string>();
  const skipped: Skipped[] = [];
  for (const name of wanted) {
    try {
      const { name: title, version } = origins[name]();
      programs.set(title, version);
      peers.add(name);
    } catch (error) {
      skipped.push({ name, reason: (error instanceof Error ? error.message : String(error)).slice(0, 300) });
    }
  }
  return { peers, programs: [...programs].map(([name, version]) => ({ name, version })), skipped };
}

function installed(name: string): Program {
  return { name, version: programVersion(name) };
}

/** Tries a library that is called by its name here and installed as a package. */
function library(name: string, packageName = name): Program {
  const version = versionOf(packageName, fileURLToPath(import.meta.resolve(packageName)));
  tryLibrary(name);
  return { name: packageName, version };
}

/** Returns the first line that a program prints of itself; throws when it is not installed. */
export function programVersion(program: string): string {
  const { error, status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (error || status !== 0) throw new Error('not installed');
  return /\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim();
}

/** Returns the version of the package that a file belongs to. */
export function versionOf(name: string, file: string): string {
  let directory = dirname(file);
  for (;;) {
    const manifest = manifestIn(directory);
    if (manifest?.name === name && manifest.version !== undefined) return manifest.version;
    if (directory === dirname(directory)) return 'of unknown version';
    directory = dirname(directory);
  }
}

function manifestIn(directory: string): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      name?: string;
      version?: string;
    };
  } catch {
    return undefined;
  }
}

/** A library may be installed and yet not work here, such as one with native code for other systems. */
function tryLibrary(name: string): void {
  const root = mkdtempSync(join(tmpdir(), 'muse-bench-try-'));
  try {
    writeFileSync(join(root, 'file'), '');
    callInProcess(name, root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
