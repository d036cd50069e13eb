import { lstatSync } from 'node:fs';
import { fdir } from 'fdir';
import type { Called } from '../children/reports.js';
import { isReserved } from './reserved.js';

/** Lists with fdir, which tells no stats, and stats each file by the quickest call that Node has. */
export async function call(root: string): Promise<Called> {
  const paths = await new fdir().withFullPaths().exclude(isReserved).crawl(root).withPromise();
  let files = 0;
  for (const path of paths) if (lstatSync(path, { bigint: true }).isFile()) files++;
  return { files };
}
