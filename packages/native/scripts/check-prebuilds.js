// Before the package is published: without its binaries it would be of no use, and nobody would notice.
import console from 'node:console';
import process from 'node:process';
import { folder } from './compile.js';
import { problemsOf } from './prebuilt.js';

const [, , prebuilds = `${folder}prebuilds`] = process.argv;
const problems = problemsOf(prebuilds);
for (const problem of problems)
  console.error(`Cannot publish @muse/native: ${problem}; run 'pnpm cross-compile'`);
process.exitCode = problems.length === 0 ? 0 : 1;
