/** Prints what the decisions rest on, measured on this machine for a directory with many files. */
import { measureThreads } from './threads.js';

const [root] = process.argv.slice(2).filter((argument) => argument !== '--');
if (root === undefined) {
  console.error('Usage: pnpm bench -- <absolute path of a directory with many files>');
  process.exitCode = 2;
} else {
  for (const [name, value] of Object.entries(await measureThreads(root))) {
    console.log(`${value.toFixed(value < 100 ? 1 : 0).padStart(9)}  ${name}`);
  }
}
