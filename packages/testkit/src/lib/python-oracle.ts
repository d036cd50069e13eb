import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fsencode } from './fs-encoding.js';
import type { OracleAnswer } from './oracle.js';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../../oracle/oracle.py', import.meta.url));
/** Bytes; a million entries take about a quarter of it. */
const maxBuffer = 1 << 29;

/** Asks the oracle written in Python, or returns undefined where there is no `python3`. */
export async function pythonOracle(root: string): Promise<OracleAnswer | undefined> {
  if (!(await hasPython())) return undefined;
  const { stdout } = await run('python3', [script, '--json', root], { maxBuffer });
  const answer = JSON.parse(stdout) as { snapshot_id: string; manifest: Record<string, string> };
  // An object moves keys such as "10" to the front.
  const entries = Object.entries(answer.manifest).map(([path, id]) => ({ path, id, bytes: fsencode(path) }));
  entries.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  return { id: answer.snapshot_id, manifest: new Map(entries.map(({ path, id }) => [path, id])) };
}

async function hasPython(): Promise<boolean> {
  try {
    await run('python3', ['--version']);
    return true;
  } catch {
    return false;
  }
}
