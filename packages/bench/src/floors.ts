import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FLOOR, FLOOR_OF_CALLS, type Program } from './results.js';

/** Programs in C that do what has to be done and nothing else, compiled for this run. */
export interface Floors {
  readonly name: typeof FLOOR | typeof FLOOR_OF_CALLS;
  /** The path of the program for each case. */
  readonly programs: Readonly<Record<'cold' | 'warm', string>>;
  readonly compiler: Program;
}

const COMPILERS = ['cc', 'gcc', 'clang'];
const FLAGS = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];
const sources = fileURLToPath(new URL('../src/floors/', import.meta.url));
const output = fileURLToPath(new URL('../dist/floors/', import.meta.url));

let compiled: Floors | undefined;

/** Compiles the floors once, with OpenSSL where that is installed. Throws where there is no compiler, or no Linux. */
export function floors(): Floors {
  return (compiled ??= compileFloors(findCompiler()));
}

/** Compiles the floors; `library` is the OpenSSL to link. */
export function compileFloors(compiler: Program, library = '-lcrypto'): Floors {
  const programs = (flag: string) => ({
    cold: compile(compiler.name, 'cold', flag),
    warm: compile(compiler.name, 'warm', flag),
  });
  try {
    return { name: FLOOR, programs: programs(library), compiler };
  } catch {
    return { name: FLOOR_OF_CALLS, programs: programs('-DWITHOUT_OPENSSL'), compiler };
  }
}

/** Returns the first C compiler that is installed. */
export function findCompiler(): Program {
  if (process.platform !== 'linux') throw new Error('it makes system calls of Linux');
  for (const name of COMPILERS) {
    const { status, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { name, version: /\d+(\.\d+)+/.exec(stdout)?.[0] ?? 'of unknown version' };
  }
  throw new Error(`there is no C compiler (${COMPILERS.join(', ')})`);
}

/** Compiles one program, whose file is replaced whole: another run may be about to start it. */
function compile(compiler: string, name: string, flag: string): string {
  const program = `${output}${name}${flag}`;
  const temporary = `${program}.${process.pid}`;
  mkdirSync(output, { recursive: true });
  execFileSync(compiler, [...FLAGS, `${sources}${name}.c`, flag, '-o', temporary], { stdio: 'pipe' });
  renameSync(temporary, program);
  return program;
}
