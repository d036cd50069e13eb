import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';

export const folder = fileURLToPath(new URL('..', import.meta.url));
const headers = fileURLToPath(import.meta.resolve('node-api-headers/include/node_api.h'));

/** Strict, because the C is part of every process that loads it; `-Wframe-larger-than` because V8 leaves native code 192 KiB of a worker's stack. */
const WARNINGS = '-std=c11 -Wall -Wextra -Wshadow -Wvla -Wframe-larger-than=69632 -Werror'.split(' ');
/** Nothing of a C library, and nothing that a compiler would take from one or from its own runtime. */
const FREESTANDING = [
  '-ffreestanding -nostdlib -fno-stack-protector -fno-builtin',
  '-fno-asynchronous-unwind-tables -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--build-id=none -s',
]
  .join(' ')
  .split(' ');
const SHARED = '-O2 -fPIC -shared -fvisibility=hidden'.split(' ');

/** Returns the first C compiler of this machine, `undefined` where there is none. */
export function findCompiler() {
  return ['cc', 'gcc', 'clang'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );
}

function isClang(compiler) {
  return execFileSync(compiler, ['--version'], { encoding: 'utf8' }).includes('clang');
}

/**
 * Compiles the engine into `output`, replacing it whole. Throws with what the compiler said.
 * `processor` is one of Node's names; `extra` are further flags.
 */
export function compile({ compiler, processor, output, extra = [], freestanding = true }) {
  mkdirSync(dirname(output), { recursive: true });
  const temporary = `${output}.${process.pid}`;
  execFileSync(
    compiler,
    [
      ...SHARED,
      ...WARNINGS,
      ...(freestanding ? FREESTANDING : ['-DMUSE_LIBC', '-g']),
      // Its helpers for atomic operations come from the compiler's runtime, and ask the C library for the processor.
      ...(processor === 'arm64' ? ['-mno-outline-atomics'] : []),
      // Or gcc makes the loop in our memset a call of memset.
      ...(isClang(compiler) ? [] : ['-fno-tree-loop-distribute-patterns']),
      ...extra,
      '-isystem',
      dirname(headers),
      `${folder}src/muse.c`,
      '-o',
      temporary,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' },
  );
  renameSync(temporary, output);
}
