import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { fifo, makeTree, removeTree, socket, symlink, type TreeNode, type TreeSpec } from '@muse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { defaultMuseIgnore } from './default-muse-ignore.js';
import { loadIgnoreFiles, loadIgnoreRules, RuleOwners } from './load.js';

const text = '[domain.code]\npatterns = ["c"]\n[domain.music]\npatterns = ["m"]\n';

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

const patternsAt = async (root: string) => (await loadIgnoreRules(root))?.rules.map(({ pattern }) => pattern);

test('loadIgnoreRules returns nothing where there is no file, or no root', async () => {
  const root = await make({ 'sub/.museignore': 'broken [', '.muse/repo.json': '{' });
  expect(await loadIgnoreRules(root)).toBeUndefined();
  expect(await loadIgnoreRules(join(root, 'absent'))).toBeUndefined();
});

test('loadIgnoreRules returns nothing for the text that a new tree starts with, and tells of it', async () => {
  const root = await make({ '.museignore': defaultMuseIgnore });
  const texts: string[] = [];
  expect(await loadIgnoreRules(root, { onText: (_, text) => texts.push(text) })).toBeUndefined();
  expect(texts).toEqual([defaultMuseIgnore, 'code']);
  const edited = defaultMuseIgnore.replace("# '*~'", "'*~'");
  expect(await patternsAt(await make({ '.museignore': edited }))).toEqual(['*~']);
  await expect(
    loadIgnoreRules(await make({ '.museignore': defaultMuseIgnore, '.muse/repo.json': '{' })),
  ).rejects.toThrow('it is not valid JSON');
});

test('loadIgnoreRules takes a byte order mark for none of the text', async () => {
  const texts: string[] = [];
  await loadIgnoreRules(await make({ '.museignore': `\ufeff${text}` }), {
    onText: (_, each) => texts.push(each),
  });
  expect(texts).toEqual([text, 'code']);
});

test.each([
  [{}, 'c'],
  [{ '.muse': 'a file' }, 'c'],
  [{ '.muse/repo.json': '{"repo_id":"x"}' }, 'c'],
  [{ '.muse/repo.json': '{"domain":"music"}' }, 'm'],
  [{ '.muse/repo.json': `{"more":${'[{"a":'.repeat(90_000)}0${'}]'.repeat(90_000)},"domain":"music"}` }, 'm'],
  [{ '.muse/repo.json': '{"__proto__":{"domain":"music"}}' }, 'c'],
  [{ '.muse': symlink('elsewhere'), 'elsewhere/repo.json': '{"domain":"music"}' }, 'c'],
])('loadIgnoreRules takes the domain from %j', async (muse, pattern) => {
  expect(await patternsAt(await make({ '.museignore': text, ...muse }))).toEqual([pattern]);
});

test('loadIgnoreRules tells where each rule stands', async () => {
  const root = await make({ '.museignore': text });
  const file = join(root, '.museignore');
  expect((await loadIgnoreRules(root))?.rules).toEqual([
    { pattern: 'c', table: 'domain.code', line: 2, file },
  ]);
});

const bad: [string, TreeNode, string][] = [
  ['a symbolic link', symlink('other'), 'it is a symbolic link, not a regular file'],
  ['a FIFO', fifo(), 'it is a FIFO, not a regular file'],
  ['a directory', {}, 'it is a directory, not a regular file'],
  ['a socket', socket(), 'it is a socket, not a regular file'],
  ['too large', '#'.repeat((1 << 20) + 1), 'it has more than the 1048576 bytes allowed'],
  ['not UTF-8', Buffer.from('# é\n# a\xff\n', 'latin1'), 'line 1, column 3: must be UTF-8'],
  ['not UTF-8 further down', Buffer.from('# \n# a\xff\n', 'latin1'), 'line 2, column 4: must be UTF-8'],
  ['broken', 'x = 1\n[global\n', 'line 2, column 8: '],
];

test.each(bad)('loadIgnoreRules refuses a .museignore that is %s', async (_, node, reason) => {
  const root = await make({ other: text, '.museignore': node });
  const file = join(root, '.museignore');
  const expected = {
    code: 'EMUSEIGNORE',
    file,
    message: expect.stringContaining(`"${file}": ${reason}`) as string,
  };
  await expect(loadIgnoreRules(root)).rejects.toMatchObject(expected);
});

test.each([
  ['{"domain":', 'JSON'],
  ['[]', 'must hold an object'],
  ['{"domain":7}', '"domain" must be a string, but is of type number$'],
  ['{"domain":null}', '"domain" must be a string, but is null$'],
  ['{"domain":{"secret":1}}', '"domain" must be a string, but is of type object$'],
  [`{"domain":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, '"domain" must be a string, but is an array$'],
  ['['.repeat(200_000), 'it is not valid JSON$'],
  ['password=secret', 'it is not valid JSON$'],
  [' '.repeat((1 << 20) + 1), 'it has more than the 1048576 bytes allowed$'],
  [fifo(), 'it is a FIFO, not a regular file$'],
  [{}, 'it is a directory, not a regular file$'],
  [symlink('nowhere'), 'it is a symbolic link, not a regular file'],
])('loadIgnoreRules refuses a repo.json that is %j', async (node, reason) => {
  const root = await make({ '.museignore': text, '.muse': { 'repo.json': node } });
  const message = expect.stringMatching(
    new RegExp(`^Cannot read the domain from ".*repo\\.json": .*${reason}`),
  ) as string;
  await expect(loadIgnoreRules(root)).rejects.toMatchObject({ code: 'EMUSEIGNORE', message });
});

test('loadIgnoreRules accepts a file of exactly the limit', async () => {
  expect(await patternsAt(await make({ '.museignore': '#'.repeat(1 << 20) }))).toEqual([]);
});

test.skipIf(process.getuid?.() === 0)('loadIgnoreRules refuses a file it may not read', async () => {
  const root = await make({ '.museignore': text });
  chmodSync(join(root, '.museignore'), 0);
  await expect(loadIgnoreRules(root)).rejects.toThrow('.museignore": permission denied');
});

test('loadIgnoreFiles takes each file for the domain of the root, a later one over an earlier', async () => {
  const root = await make({
    '.muse/repo.json': '{"domain":"music"}',
    a: '[global]\npatterns = ["*.x", "keep"]\n',
    link: symlink('b'),
    b: text + '[global]\npatterns = ["!keep"]\n',
  });
  const rules = await loadIgnoreFiles(root, [join(root, 'a'), join(root, 'link')]);
  expect(rules.rules.map(({ pattern, line, file }) => [pattern, line, file])).toEqual([
    ['*.x', 2, join(root, 'a')],
    ['keep', 2, join(root, 'a')],
    ['!keep', 6, join(root, 'link')],
    ['m', 4, join(root, 'link')],
  ]);
  expect(rules.ignores('keep', false)).toBe(false);
});

test('loadIgnoreFiles refuses one that is not there, or broken', async () => {
  const root = await make({ broken: '*.o\n', directory: {} });
  const failure = (name: string) => loadIgnoreFiles(root, [join(root, name)]);
  await expect(failure('absent')).rejects.toThrow('absent": there is no such file');
  await expect(failure('broken')).rejects.toMatchObject({ code: 'EMUSEIGNORE', line: 1 });
  await expect(failure('directory')).rejects.toThrow('it is a directory, not a regular file');
});

test.runIf(process.platform !== 'win32')(
  'RuleOwners trusts strangers below the named directory alone',
  async () => {
    const root = await make({ 'a/b': {} });
    const stranger = 4_000_001;
    const places = [undefined, '', 'a', 'a/b', 'ab'];
    const trustedAt = (uid: number, options: Parameters<typeof RuleOwners.of>[1]) => {
      const owners = RuleOwners.of(root, options);
      return places.filter((place) => owners.trusts(uid, place));
    };
    expect(trustedAt(stranger, {})).toEqual(['a', 'a/b', 'ab']);
    expect(trustedAt(stranger, { subtree: 'a' })).toEqual(['a/b', 'ab']);
    expect(trustedAt(stranger, { trustOwners: [stranger] })).toEqual(places);
    expect(trustedAt(Number(process.getuid?.()), {})).toEqual(places);
  },
);
