import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { built } from '@muse/testkit';
import { describe, expect, it } from 'vitest';

// A manifest of 600,000 files whose entries are made when they are asked for, so that the text alone could fill the
// memory. What is made is handed on through a pipe, and the next piece only asked for when the last one has gone.
const program = (format: string): string => `
  import { formatManifest } from ${JSON.stringify(built('@muse/snapshot'))};
  const objectId = 'sha256:' + '0'.repeat(64);
  const name = (index) => 'directory/'.repeat(12) + String(index).padStart(9, '0');
  const size = 600_000;
  const manifest = {
    size,
    *keys() { for (let index = 0; index < size; index++) yield name(index); },
    *[Symbol.iterator]() { for (const path of this.keys()) yield [path, objectId]; },
  };
  const snapshot = { id: objectId, manifest, complete: true, problems: [], stats: { bytes: 0 } };
  let bytes = 0;
  let most = 0;
  let largest = 0;
  const before = process.memoryUsage.rss();
  for (const piece of formatManifest(snapshot, '${format}')) {
    bytes += piece.length;
    largest = Math.max(largest, piece.length);
    if (!process.stdout.write(piece)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    most = Math.max(most, process.memoryUsage.rss());
  }
  process.stderr.write(JSON.stringify({ bytes, largest, grown: most - before }));
`;

describe('formatManifest()', () => {
  it.each(['ndjson', 'json', 'sha256sum'])('writes %s of any size in little memory', async (format) => {
    const node = `'${process.execPath}' --max-old-space-size=48 --input-type=module -e "$PROGRAM"`;
    const { stdout, stderr } = await promisify(execFile)('/bin/sh', ['-c', `${node} | wc -c`], {
      env: { ...process.env, PROGRAM: program(format) },
    });
    const { bytes, largest, grown } = JSON.parse(stderr) as Record<'bytes' | 'largest' | 'grown', number>;
    expect(Number(stdout)).toBe(bytes);
    expect(bytes).toBeGreaterThan(115_000_000);
    expect(largest).toBeLessThan(100_000);
    expect(grown).toBeLessThan(80_000_000);
  });
});
