// Builds the engine under AddressSanitizer and UBSan, and runs all of its tests with it; a finding ends the process. By hand:
// it takes a few minutes. Needs gcc with its sanitizers.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { compile, folder } from './compile.js';

const SANITIZE = '-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1'.split(
  ' ',
);
const library = (name) => execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();

// Beside the usual build, which stays what it is.
const aside = mkdtempSync(join(tmpdir(), 'muse-sanitize-'));
cpSync(`${folder}build`, aside, { recursive: true });
let status;
try {
  for (const [suffix, extra] of [
    ['', []],
    ['.steps', ['-DMUSE_STEPS']],
  ]) {
    const output = `${folder}build/linux-${process.arch}${suffix}.node`;
    compile({
      compiler: 'gcc',
      processor: process.arch,
      output,
      extra: [...SANITIZE, ...extra],
      freestanding: false,
    });
  }
  ({ status } = spawnSync(
    `${folder}../../node_modules/.bin/vitest`,
    ['run', folder, ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      cwd: `${folder}../..`,
      env: {
        ...process.env,
        // The test of the binary's symbols does not hold for this one.
        MUSE_SANITIZE: '1',
        LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
        ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:handle_segv=0',
        UBSAN_OPTIONS: 'print_stacktrace=1',
      },
    },
  ));
} finally {
  cpSync(aside, `${folder}build`, { recursive: true });
  rmSync(aside, { recursive: true });
}
process.exitCode = status ?? 1;
