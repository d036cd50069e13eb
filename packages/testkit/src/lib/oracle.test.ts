import { expect, onTestFinished, test } from 'vitest';
import { hostileNames } from './hostile-names.js';
import { makeTree } from './make-tree.js';
import { oracle } from './oracle.js';
import { pythonOracle } from './python-oracle.js';
import { removeTree } from './remove-tree.js';
import { fifo, socket, symlink, type TreeSpec } from './tree-spec.js';

const emptySha = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

test('oracle gives an empty tree the hash of nothing', async () => {
  const root = await make({ '.muse/x': 'x', empty: {} });
  expect(await oracle(root)).toEqual({ id: emptySha, manifest: new Map() });
});

test('oracle lists regular files alone, and nothing below .muse and .git', async () => {
  const root = await make({
    a: '',
    'd/b': 'b',
    'd/.git/c': 'c',
    '.muse': { cache: {} },
    'e/.muse': 'a file',
    link: symlink('a'),
    loop: symlink('.'),
    pipe: fifo(),
    sock: socket(),
  });
  const { manifest } = await oracle(root);
  expect([...manifest.keys()]).toEqual(['a', 'd/b']);
  expect(manifest.get('a')).toBe(emptySha);
});

test('oracle and pythonOracle agree on hostile names', async () => {
  const below = new Map(hostileNames.map((name, index) => [name, String(index)]));
  const root = await make(
    new Map<string | Uint8Array, TreeSpec>([
      ['files', below],
      ...hostileNames.map((name): [Uint8Array, TreeSpec] => [name, { inside: 'x' }]),
    ]),
  );
  const ours = await oracle(root);
  const theirs = await pythonOracle(root);
  expect(ours.manifest.size).toBe(2 * hostileNames.length);
  if (theirs === undefined) return;
  expect(ours.id).toBe(theirs.id);
  expect([...ours.manifest]).toEqual([...theirs.manifest]);
});
