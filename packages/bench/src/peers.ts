import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
] as const;

export type PeerName = (typeof PEER_NAMES)[number];

/** Which of the peers that were asked for work here. */
export interface PeersHere {
  readonly peers: ReadonlySet<PeerName>;
  readonly programs: readonly Program[];
  readonly skipped: readonly Skipped[];
}

/** The program to run, or the package to load, for each peer. */
const origins: Readonly<Record<PeerName, { program: string } | { package: string }>> = {
  git: { program: 'git' },
  'git-untracked-cache': { program: 'git' },
  'git-hash-object': { program: 'git' },
  sha256sum: { program: 'sha256sum' },
  b3sum: { program: 'b3sum' },
  'glob-hasher': { package: 'glob-hasher' },
  'folder-hash': { package: 'folder-hash' },
  fdir: { package: 'fdir' },
  'fs.walk': { package: '@nodelib/fs.walk' },
};

/** Tries out each peer that was asked for. */
export function findPeers(wanted: readonly PeerName[]): PeersHere {
  const peers = new Set<PeerName>();
  const programs = new Map<string, string>();
  const skipped: Skipped[] = [];
  for (const name of wanted) {
    try {
      const origin = origins[name];
      const title = 'program' in origin ? origin.program : origin.package;
      const version = 'program' in origin ? programVersion(title) : packageVersion(title);
      if ('package' in origin) tryLibrary(name);
      programs.set(title, version);
      peers.add(name);
    } catch (error) {
      skipped.push({ name, reason: (error instanceof Error ? error.message : String(error)).slice(0, 300) });
    }
  }
  return { peers, programs: [...programs].map(([name, version]) => ({ name, version })), skipped };
}

/** Returns the first line that a program prints of itself; throws when it is not installed. */
export function programVersion(program: string): string {
  const { error, status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (error || status !== 0) throw new Error('not installed');
  return /\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim();
}

function packageVersion(name: string): string {
  return versionOf(name, fileURLToPath(import.meta.resolve(name)));
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
