import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toNativePath } from '@muse/paths';
import { blobId, type ObjectId } from '@muse/stat-cache';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Problem } from '@muse/walker';
import { formatManifest, type FormattedSnapshot, type ManifestFormat } from './format.js';
import { computeSnapshotId } from './manifest.js';
import type { SnapshotStats } from '../types.js';

const id = blobId(Buffer.from('x'));

const stats: SnapshotStats = {
  files: 2,
  bytes: 12,
  directories: 1,
  hits: 1,
  misses: { new: 1, size: 0, mtime: 0, ctime: 0, inode: 0, racy: 0, 'cache-reset': 0 },
  hashedFiles: 1,
  hashedBytes: 5,
  leftOut: {
    symlink: 0,
    fifo: 0,
    socket: 0,
    device: 0,
    unknown: 0,
    ignored: 0,
    reserved: 1,
    'other-device': 0,
  },
  racy: 0,
  ahead: 0,
  pruned: 0,
  milliseconds: { load: 1, scan: 2, hash: 3, save: 4, total: 10 },
};

const torn: Problem = {
  path: 'caf\udce9',
  kind: 'torn',
  operation: 'read',
  code: 'ETORN',
  message: 'It changed',
};

function snapshot(paths: readonly string[], problems: readonly Problem[] = []): FormattedSnapshot {
  const manifest = new Map<string, ObjectId>(paths.map((path) => [path, id]));
  return { id: computeSnapshotId(manifest), manifest, complete: problems.length === 0, problems, stats };
}

function bytesOf(value: FormattedSnapshot, format: ManifestFormat): Buffer {
  return Buffer.concat([...formatManifest(value, format)]);
}

describe('formatManifest json', () => {
  it('writes one document', () => {
    const value = snapshot(['b', 'a'], [torn]);
    const text = bytesOf(value, 'json').toString('utf8');
    expect(text).toMatch(
      /^\{"version":1,"snapshot_id":"sha256:[0-9a-f]{64}","complete":false,"files":2,"bytes":12,"manifest":\{/,
    );
    expect(text).toMatch(/"path":"caf\\udce9"/);
    expect(text.endsWith('}\n')).toBe(true);
    const document = JSON.parse(text) as Record<string, unknown>;
    expect(Object.keys(document)).toEqual([
      'version',
      'snapshot_id',
      'complete',
      'files',
      'bytes',
      'manifest',
      'problems',
      'stats',
    ]);
    expect(document).toMatchObject({ snapshot_id: value.id, manifest: { a: id, b: id }, problems: [torn] });
    expect(document['stats']).toMatchObject({
      hashed_files: 1,
      left_out: { other_device: 0 },
      misses: { cache_reset: 0 },
    });
  });

  it('writes files in path order, whatever they are called', () => {
    const text = bytesOf(
      snapshot(['💩', '\ue000', 'b', '__proto__', '2', '10', '"\n\\', 'caf\udce9']),
      'json',
    ).toString('utf8');
    const names = [...text.matchAll(/^(".*"):"sha256:/gm)].map(
      ([, name]) => JSON.parse(name ?? '') as string,
    );
    expect(names).toEqual(['"\n\\', '10', '2', '__proto__', 'b', 'caf\udce9', '\ue000', '💩']);
    expect(Object.hasOwn((JSON.parse(text) as { manifest: object }).manifest, '__proto__')).toBe(true);
  });

  it('writes the empty manifest', () => {
    expect(JSON.parse(bytesOf(snapshot([]), 'json').toString('utf8'))).toMatchObject({
      files: 0,
      manifest: {},
      problems: [],
    });
  });
});

describe('formatManifest ndjson', () => {
  it('writes files, problems, and the snapshot last', () => {
    const value = snapshot(['b', 'a'], [torn]);
    const lines = bytesOf(value, 'ndjson').toString('utf8').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { type: 'file', path: 'a', object_id: id },
      { type: 'file', path: 'b', object_id: id },
      { type: 'problem', ...torn },
      expect.objectContaining({
        type: 'snapshot',
        version: 1,
        snapshot_id: value.id,
        complete: false,
        files: 2,
        bytes: 12,
      }),
    ]);
  });
});

describe('formatManifest sha256sum', () => {
  it.each([
    ['a b', 'X  a b\n'],
    ['-', 'X  ./-\n'],
    ['--', 'X  --\n'],
    ['d/-', 'X  d/-\n'],
    [' *a ', 'X   *a \n'],
    ['a\\n', '\\X  a\\\\n\n'],
    ['a\nb\rc', '\\X  a\\nb\\rc\n'],
    ['caf\udce9', 'X  caf\xe9\n'],
    ['é', 'X  \xc3\xa9\n'],
  ])('writes %j', (path, line) => {
    expect(bytesOf(snapshot([path]), 'sha256sum').toString('latin1')).toBe(line.replace('X', id.slice(7)));
  });

  it('is nothing for the empty manifest', () => {
    expect([...formatManifest(snapshot([]), 'sha256sum')]).toEqual([]);
  });
});

describe.runIf(hasCoreutils9())('formatManifest sha256sum, given to sha256sum -c', () => {
  let top: string;

  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'muse-sha256sum-'));
  });

  afterEach(() => {
    rmSync(top, { recursive: true });
  });

  it('is accepted for every name a file can have', () => {
    const names = [
      '-',
      '--',
      '*a',
      ' a ',
      'a\tb',
      'a\\b',
      '\\',
      'a\nb',
      '\n',
      'a\r',
      '\\r',
      '#',
      '(',
      '=',
      'é',
      '💩',
      'caf\udce9',
      '\udcff',
    ];
    for (let unit = 1; unit < 0x80; unit++)
      if (unit !== 0x2e && unit !== 0x2f) names.push(`${String.fromCharCode(unit)}z`);
    const manifest = new Map<string, ObjectId>();
    for (const name of names) {
      writeFileSync(toNativePath(top, name), name);
      manifest.set(name, blobId(Buffer.from(name)));
    }
    const input = bytesOf({ ...snapshot([]), manifest }, 'sha256sum');
    const output = execFileSync('sha256sum', ['--strict', '-c', '-'], {
      cwd: top,
      input,
      encoding: 'latin1',
    });
    expect(output.match(/: OK$/gm)).toHaveLength(names.length);
  });
});

describe('formatManifest', () => {
  it.each(['json', 'ndjson', 'sha256sum'] as const)('makes chunks of some 64 KiB of %s', (format) => {
    const paths = Array.from(
      { length: 5000 },
      (_, index) => `directory/file-${String(index).padStart(5, '0')}`,
    );
    const chunks = [...formatManifest(snapshot(paths), format)];
    expect(chunks.length).toBeGreaterThan(5);
    for (const chunk of chunks) expect(chunk.length).toBeLessThan(70_000);
  });
});

function hasCoreutils9(): boolean {
  const { stdout } = spawnSync('sha256sum', ['--version'], { encoding: 'utf8' }) as { stdout: string | null };
  return Number(/coreutils\) (\d+)/.exec(stdout ?? '')?.[1] ?? 0) >= 9;
}
