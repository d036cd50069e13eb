import {
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheDir, museDir, statCachePath } from '@muse/paths';
import { makeTree, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { expectedAnswer } from './support/expected-answer.js';
import { noMounts, openMountNamespace } from './support/mount-namespace.js';
import { muse } from './support/muse-process.js';
import { takeSnapshot } from './support/snapshot-answer.js';

const PAGE = 4096;
const names = Array.from({ length: 150 }, (_, index) => `file-${index}`);
const before = names.map((name) => [name, `${name} before`] as const);
/** Of the same sizes: changing them takes no room. */
const after = names.map((name, index) => [name, `${name} ${index < 100 ? 'later.' : 'before'}`] as const);

/** A small device, private to this process, with a tree on it whose cache is saved. */
async function treeOnDevice(options: string) {
  const directory = tempDir();
  const namespace = await openMountNamespace();
  await namespace.shell(`mount -t tmpfs -o ${options} tmpfs ${directory.path}`);
  const root = join(directory.path, 'tree');
  const reached = namespace.reach(root);
  await makeTree(Object.fromEntries(before), reached);
  mkdirSync(cacheDir(reached), { recursive: true });
  return {
    root,
    reached,
    device: namespace.reach(directory.path),
    enter: { within: namespace.enter },
    async [Symbol.asyncDispose]() {
      await namespace[Symbol.asyncDispose]();
      await directory.remove();
    },
  };
}

/** Writes until there is no more room, then gives back some. */
function fill(device: string, bytesLeft: number): void {
  const path = join(device, 'filler');
  const file = openSync(path, 'w');
  let size = 0;
  untilFull(() => (size += writeSync(file, Buffer.alloc(PAGE))));
  closeSync(file);
  truncateSync(path, size - bytesLeft);
}

/** Makes files until the device has room for no more of them. */
function fillInodes(device: string): void {
  let made = 0;
  untilFull(() => {
    writeFileSync(join(device, `filler-${made++}`), '');
  });
}

function untilFull(write: () => void): void {
  try {
    for (;;) write();
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}

const notSaved: unknown = expect.stringMatching(
  /^muse: warning: the cache was not saved: no space left on device \(ENOSPC\)/,
);

describe('on a full device', () => {
  it.for([0, 1, 4])(
    'a snapshot is right, and the cache as it was, with %i pages left',
    async (pages, { skip }) => {
      skip(noMounts !== undefined, noMounts);
      await using tree = await treeOnDevice('size=2m');
      const first = await takeSnapshot(tree.root, tree.enter);
      expect(first).toMatchObject({ code: 0, warnings: [], answer: expectedAnswer(before) });
      const text = readFileSync(statCachePath(tree.reached), 'utf8');
      expect(text.length).toBeGreaterThan(5 * PAGE);

      for (const [name, content] of after) writeFileSync(join(tree.reached, name), content, { flag: 'r+' });
      fill(tree.device, pages * PAGE);
      const full = await takeSnapshot(tree.root, tree.enter);
      expect(full).toMatchObject({ code: 0, warnings: [notSaved], answer: expectedAnswer(after) });
      expect(full.document.problems).toEqual([]);
      expect(readFileSync(statCachePath(tree.reached), 'utf8')).toBe(text);
      expect(readdirSync(cacheDir(tree.reached))).toEqual(['stat.json']);

      rmSync(join(tree.device, 'filler'));
      const roomy = await takeSnapshot(tree.root, tree.enter);
      expect(roomy).toMatchObject({ code: 0, warnings: [], answer: expectedAnswer(after) });
      const last = await takeSnapshot(tree.root, tree.enter);
      expect(last.document.stats).toMatchObject({ hits: names.length, hashed_files: 0 });
    },
  );

  it('so it is where no file can be made', async ({ skip }) => {
    skip(noMounts !== undefined, noMounts);
    await using tree = await treeOnDevice('nr_inodes=200');
    await takeSnapshot(tree.root, tree.enter);
    const text = readFileSync(statCachePath(tree.reached), 'utf8');
    for (const [name, content] of after) writeFileSync(join(tree.reached, name), content, { flag: 'r+' });
    fillInodes(tree.device);
    const full = await takeSnapshot(tree.root, tree.enter);
    expect(full).toMatchObject({ code: 0, warnings: [notSaved], answer: expectedAnswer(after) });
    expect(readFileSync(statCachePath(tree.reached), 'utf8')).toBe(text);
    expect(readdirSync(cacheDir(tree.reached))).toEqual(['stat.json']);
  });

  it('a first snapshot is right and leaves nothing in .muse', async ({ skip }) => {
    skip(noMounts !== undefined, noMounts);
    await using tree = await treeOnDevice('nr_inodes=200');
    rmSync(cacheDir(tree.reached), { recursive: true });
    fillInodes(tree.device);
    const { code, answer } = await takeSnapshot(tree.root, tree.enter);
    expect({ code, answer }).toEqual({ code: 0, answer: expectedAnswer(before) });
    expect(readdirSync(museDir(tree.reached))).toEqual([]);
  });

  it('an output file is as it was, and the exit code says so', async ({ skip }) => {
    skip(noMounts !== undefined, noMounts);
    await using tree = await treeOnDevice('size=2m');
    const output = join(tree.device, 'output');
    writeFileSync(output, 'what was there');
    fill(tree.device, PAGE);
    const outside = readdirSync(tree.device);
    const args = ['snapshot', '--json', '--no-cache', '-o', join(tree.root, '../output'), tree.root];
    const { code, stdout, stderr } = await muse(args, tree.enter);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(/^muse: cannot write .*output: no space left on device \(ENOSPC\); make room/);
    expect(readFileSync(output, 'utf8')).toBe('what was there');
    expect(readdirSync(tree.device)).toEqual(outside);
  });
});
