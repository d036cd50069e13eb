import { hashElement } from 'folder-hash';
import type { Called } from '../children/reports.js';
import { RESERVED } from './reserved.js';

/** Its types give every element children; a file has none at run time. */
interface Element {
  readonly children?: readonly Element[];
}

export async function call(root: string): Promise<Called> {
  const options = { algo: 'sha256', encoding: 'hex', folders: { exclude: RESERVED } } as const;
  return { files: filesIn(await hashElement(root, options)) };
}

function filesIn({ children }: Element): number {
  return children ? children.reduce((sum, child) => sum + filesIn(child), 0) : 1;
}
