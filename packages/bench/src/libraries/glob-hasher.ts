import { availableParallelism } from 'node:os';
import { hashGlobXxhash } from 'glob-hasher';
import type { Called } from '../children/reports.js';
import { RESERVED } from './reserved.js';

export function call(root: string): Promise<Called> {
  const globs = ['**', ...RESERVED.map((name) => `!**/${name}/**`)];
  const options = { cwd: root, gitignore: false, concurrency: availableParallelism() };
  return Promise.resolve({ files: Object.keys(hashGlobXxhash(globs, options) ?? {}).length });
}
