import { promisify } from 'node:util';
import { Settings, walk, type Entry } from '@nodelib/fs.walk';
import type { Called } from '../children/reports.js';
import { isReserved } from './reserved.js';

export async function call(root: string): Promise<Called> {
  const settings = new Settings({ stats: true, deepFilter: ({ name }) => !isReserved(name) });
  const entries = await promisify<string, Settings, Entry[]>(walk)(root, settings);
  return { files: entries.filter(({ dirent }) => dirent.isFile()).length };
}
