import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import {
  buildSnapshotManifest,
  computeSnapshotId,
  createSnapshot,
  subtree,
  type SnapshotterOptions,
} from '@muse/snapshot';
import {
  fifo,
  hardlink,
  hostileNames,
  kernelTree,
  makeDeepChain,
  oracle,
  pythonOracle,
  type OracleAnswer,
  type TreeNode,
  type TreeSpec,
  socket,
  symlink,
  tempDir,
} from '@muse/testkit';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { bareTree, expectTruth, missesOf, museTree } from './support/trees.js';

const ways: [string, SnapshotterOptions][] = [
  ['with 1 thread', { threads: 1 }],
  ['with 2 threads', { threads: 2 }],
  ['with 4 threads', { threads: 4 }],
  ['without a cache', { cache: false }],
];

describe('createSnapshot of a tree of a thousand files', () => {
  const directory = tempDir();
  const root = directory.path;
  let truth: OracleAnswer;
  beforeAll(async () => {
    kernelTree({ root, files: 1200, seed: 1 });
    mkdirSync(join(root, '.muse'));
    truth = await oracle(root);
  });
  afterAll(() => directory.remove());

  it.each(ways)('is right cold and warm, %s', async (_, options) => {
    rmSync(join(root, '.muse/cache'), { recursive: true, force: true });
    const cold = await createSnapshot(root, options);
    await expectTruth(root, cold, truth);
    expect(cold.stats).toMatchObject({ files: cold.manifest.size, hits: 0, hashedFiles: cold.manifest.size });
    const warm = await createSnapshot(root, options);
    await expectTruth(root, warm, truth);
    const read = options.cache === false ? warm.manifest.size : 0;
    expect(warm.stats).toMatchObject({ hits: warm.manifest.size - read, hashedFiles: read });
    expect(missesOf(warm)).toBe(read);
  });

  it('says what an oracle in another language says', async ({ skip }) => {
    const answer = await pythonOracle(root);
    if (!answer) return skip();
    await expectTruth(root, await createSnapshot(root), answer);
  });

  it('of a part of it is the part of the whole', async () => {
    const { manifest } = await createSnapshot(root);
    const [first = ''] = manifest.keys();
    const top = first.slice(0, first.indexOf('/'));
    const part = subtree(manifest, top);
    expect(part.size).toBeGreaterThan(10);
    const alone = await createSnapshot(join(root, top));
    expect([...alone.manifest]).toEqual([...part]);
    expect(alone.id).toBe(computeSnapshotId(part));
  });
});

describe('createSnapshot', () => {
  // One of them is `.museignore`: each is a comment in it.
  const hostile = new Map(hostileNames.map((name, i) => [name, `# ${i}`]));

  it('keeps every hostile name, of files and of directories', async () => {
    const root = await bareTree(
      new Map<string, Map<Buffer, string> | Map<Buffer, Map<Buffer, string>>>([
        ['files', hostile],
        ['directories', new Map(hostileNames.map((name) => [name, new Map([[name, 'x']])]))],
      ]),
    );
    const snapshot = await createSnapshot(root);
    expect(snapshot.manifest.size).toBe(2 * hostileNames.length);
    await expectTruth(root, snapshot);
    const truth = await pythonOracle(root);
    if (truth) expect([snapshot.id, [...snapshot.manifest]]).toEqual([truth.id, [...truth.manifest]]);
  });

  it('finds every hostile name in its cache again, as a file and as a directory', async () => {
    const root = await bareTree(
      new Map<string | Buffer, TreeNode>([
        ['.muse', {}],
        ...hostile,
        ['d', new Map(hostileNames.map((name) => [name, hostile]).slice(0, 10) as [Buffer, TreeSpec][])],
        ['e', new Map(hostileNames.map((name) => [name, new Map([[name, 'x']])]))],
      ]),
    );
    const cold = await createSnapshot(root);
    expect(cold.stats.files).toBe(12 * hostileNames.length);
    for (const threads of [1, 2]) {
      const warm = await createSnapshot(root, { threads });
      expect(warm.id).toBe(cold.id);
      expect(warm.stats).toMatchObject({ hits: cold.stats.files, hashedFiles: 0, pruned: 0 });
    }
    await expectTruth(root, cold);
  });

  it('has a cache of its own under a root whose name is not UTF-8', async () => {
    const above = await bareTree(new Map([[Buffer.from([0x72, 0xff]), { '.muse': {}, a: 'a' }]]));
    const root = join(above, 'r\udcff');
    await createSnapshot(root);
    const warm = await createSnapshot(root);
    expect(warm.stats).toMatchObject({ files: 1, hits: 1 });
  });

  it('lists regular files alone, and counts what it leaves out', async () => {
    const root = await museTree({
      a: 'a',
      'd/b': 'b',
      'd/c': hardlink('a'),
      'l/file': symlink('../a'),
      'l/directory': symlink('../d'),
      'l/nowhere': symlink('nowhere'),
      'l/circle': symlink('circle'),
      'l/up': symlink('..'),
      'p/fifo': fifo(),
      's/socket': socket(),
      '.git/HEAD': 'ref',
      'd/.git': 'gitdir: elsewhere',
      'd/e/.muse': 'a file',
      'd/e/.muse2': 'not reserved',
    });
    const snapshot = await createSnapshot(root);
    await expectTruth(root, snapshot);
    expect([...snapshot.manifest.keys()]).toEqual(['a', 'd/b', 'd/c', 'd/e/.muse2']);
    expect(snapshot.stats.leftOut).toEqual({
      ...{ symlink: 5, fifo: 1, socket: 1, device: 0, unknown: 0 },
      ...{ ignored: 0, reserved: 4, 'other-device': 0 },
    });
    expect(snapshot.stats).toMatchObject({ files: 4, bytes: 15, directories: 6 });
  });

  it('leaves out what .museignore says, and counts it', async () => {
    const root = await museTree({
      '.museignore': '[global]\npatterns = ["*.o", "out/", "!keep.o"]\n',
      'a.o': '',
      'keep.o': '',
      'b/c.o': '',
      'out/x': '',
      'b/out/y/z': '',
    });
    const snapshot = await createSnapshot(root);
    expect([...snapshot.manifest.keys()]).toEqual(['.museignore', 'keep.o']);
    expect(snapshot.stats.leftOut.ignored).toBe(4);
    const all = await createSnapshot(root, { ignore: false });
    await expectTruth(root, all);
    const own = await createSnapshot(root, { ignore: { ignores: (path) => path === 'b' } });
    expect([...own.manifest.keys()]).toEqual(['.museignore', 'a.o', 'keep.o', 'out/x']);
  });

  it('rejects with what is wrong in .museignore', async () => {
    const root = await museTree({ '.museignore': '[global\n', a: 'a' });
    await expect(createSnapshot(root)).rejects.toMatchObject({ name: 'IgnoreFileError' });
    await expectTruth(root, await createSnapshot(root, { ignore: false }));
  });

  it('resolves a root that is a link, once', async () => {
    const root = await museTree({ a: 'a', 'd/b': 'b' });
    const links = await bareTree({ root: symlink(root), d: symlink(`${root}/d`) });
    expect((await createSnapshot(join(links, 'root'))).id).toBe((await oracle(root)).id);
    expect([...(await createSnapshot(join(links, 'd'))).manifest.keys()]).toEqual(['b']);
  });

  it('takes a root relative to the current directory', async () => {
    const root = await museTree({ a: 'a' });
    const snapshot = await createSnapshot(relative(process.cwd(), root));
    await expectTruth(root, snapshot);
    const trailing = await createSnapshot(`${dirname(root)}/./${basename(root)}//`);
    expect(trailing.stats.hits).toBe(1);
  });

  it.runIf(process.platform === 'linux')('goes 600 levels deep, beyond PATH_MAX', async () => {
    const root = await museTree({ a: 'a' });
    makeDeepChain(root, { depth: 600, name: 'directory', leaf: 'leaf' });
    const deep = `${'directory/'.repeat(600)}leaf`;
    const cold = await createSnapshot(root);
    expect(cold).toMatchObject({ complete: true, problems: [] });
    expect([...cold.manifest.keys()]).toEqual(['a', deep]);
    const warm = await createSnapshot(root);
    expect(warm).toMatchObject({ id: cold.id, stats: { hits: 2, directories: 601 } });
  });

  it('does not depend on the order in which files were made', async () => {
    const names = ['z', 'a', 'm/x', 'm.c', 'm-', 'é', '10', '9', '__proto__'];
    const first = await bareTree(new Map(names.map((name) => [name, name])));
    const second = await bareTree(new Map(names.toReversed().map((name) => [name, name])));
    expect((await createSnapshot(first)).id).toBe((await createSnapshot(second, { threads: 2 })).id);
  });

  it('leaves no trace under a root without .muse', async () => {
    const root = await bareTree({ a: 'a' });
    await createSnapshot(root);
    expect((await createSnapshot(root)).stats).toMatchObject({ hits: 0, hashedFiles: 1 });
    expect(readdirSync(root)).toEqual(['a']);
  });

  it('rejects with the reason of a signal', async () => {
    const reason = new Error('no time');
    await expect(createSnapshot('/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('buildSnapshotManifest', () => {
  it('gives the manifest of a snapshot that is complete', async () => {
    const root = await museTree({ a: 'a', 'd/b': 'b' });
    expect([...(await buildSnapshotManifest(root))]).toEqual([...(await oracle(root)).manifest]);
  });

  it('is in path order', async () => {
    const root = await bareTree({ 'a/x': '', 'a.c': '', 'a-': '', a0: '' });
    expect([...(await buildSnapshotManifest(root)).keys()]).toEqual(['a-', 'a.c', 'a/x', 'a0']);
  });
});
