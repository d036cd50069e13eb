import { chownSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir, type TempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse } from './muse.js';
import { museTree, save } from './saved-trees.js';

const made = () => museTree({ 'a.log': 'a', b: 'b', sub: { 'c.log': 'c', d: 'd' } });

const set = (tree: TempDir, text: string) => writeFile(join(tree.path, '.muse/snapshot.toml'), text);

const run = (tree: TempDir, ...args: readonly string[]) => muse(args, { cwd: tree.path });

async function files(tree: TempDir, ...args: readonly string[]): Promise<string[]> {
  const { stdout } = await run(tree, 'snapshot', '-q', '--format', 'sha256sum', ...args);
  return lines(stdout).map((line) => line.slice(66));
}

describe('.muse/snapshot.toml', () => {
  it('has options for every command that looks at the tree', async () => {
    await using tree = await made();
    await set(tree, "exclude = ['*.log']\n");
    expect(await files(tree)).toEqual(['b', 'sub/d']);
    expect(await files(tree, 'sub')).toEqual(['d']);
    expect((await run(tree, 'explain', 'a.log')).stdout.toString()).toContain("the pattern '*.log'");
    expect((await run(tree, 'show', '.', '--name-only')).stdout.toString()).toBe('b\nsub/d\n');
    await using other = tempDir();
    await writeFile(join(other.path, 'b'), 'b');
    expect(lines((await run(tree, 'diff', other.path, '.')).stdout)).toEqual(['added     sub/d']);
    const json = await run(tree, 'verify', '--json');
    expect(JSON.parse(json.stdout.toString())).toMatchObject({ files: 2 });
  });

  it('counts less than the command line, option by option', async () => {
    await using tree = await made();
    await set(tree, "exclude = ['*.log']\none-file-system = true\n");
    expect(await files(tree, '--exclude', 'b')).toEqual(['a.log', 'sub/c.log', 'sub/d']);
  });

  it('leaves nothing out where --no-ignore is given', async () => {
    await using tree = await made();
    await set(tree, "exclude = ['*.log']\n");
    const all = ['a.log', 'b', 'sub/c.log', 'sub/d'];
    expect(await files(tree, '--no-ignore')).toEqual(all);
    expect(await files(tree, '--no-ignore', '--exclude', 'b')).toEqual(all.filter((name) => name !== 'b'));
    const { stdout } = await run(tree, 'snapshot', '-q', '--format', 'sha256sum', '--no-ignore');
    await writeFile(join(tree.path, 'a.log'), 'other');
    const options = { cwd: tree.path, input: stdout };
    const verified = await muse(['verify', '--no-ignore', '--against', '-'], options);
    expect(verified).toMatchObject({ code: 1, stdout: Buffer.from('changed   a.log\n') });
    const excluding = await muse(['verify', '--against', '-'], options);
    expect(excluding.code).toBe(0);
    expect(excluding.stderr).toContain('--exclude leaves out 2 of 4 files');
    await set(tree, "no-ignore = true\nexclude = ['*.log']\n");
    expect(await files(tree)).toEqual(['b', 'sub/d']);
  });

  it('is what a snapshot is saved with, and that one keeps it', async () => {
    await using tree = await made();
    await set(tree, "exclude = ['*.log']\n");
    await save(tree);
    await rm(join(tree.path, '.muse/snapshot.toml'));
    const kept = await run(tree, 'status');
    expect(kept).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect(kept.stderr).toContain('using the options that it was saved with: --exclude\n');
  });

  it('changes no comparison with what was saved before, and that is said', async () => {
    await using tree = await made();
    await save(tree);
    await set(tree, "exclude = ['*.log']\n");
    const status = await run(tree, 'status');
    expect(status).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect(status.stderr).toContain(
      `using the options that it was saved with: none; not --exclude of ${tree.path}/.muse/snapshot.toml\n`,
    );
    const given = await run(tree, 'status', '--exclude', 'b');
    expect(given.stderr).toContain('saved with other options (--exclude)');
    expect(given.stderr).not.toContain('snapshot.toml');
  });

  it.each([
    ['gitignor = true', 'line 1, column 1: there is no setting "gitignor"'],
    ['\nexclude = "a"', 'line 2, column 1: "exclude" must be an array of patterns'],
    ['exclude', 'line 1'],
  ])('with the mistake %j ends every command with 2', async (text, message) => {
    await using tree = await made();
    await set(tree, text);
    for (const args of [['snapshot'], ['status'], ['explain', 'b'], ['cache', 'info'], ['log'], ['verify']]) {
      const ended = await run(tree, ...args);
      expect(ended).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
      expect(lines(ended.stderr)).toHaveLength(1);
      expect(ended.stderr).toMatch(/^muse: cannot read the settings in /);
      expect(ended.stderr).toContain(message);
    }
  });

  it('is shown by cache info, and said to be local', async () => {
    await using tree = await made();
    const file = join(tree.path, '.muse/snapshot.toml');
    expect((await run(tree, 'cache', 'info')).stdout.toString()).not.toContain('settings');
    await set(tree, "gitignore = true\nexclude = ['*.log']\n");
    const text = (await run(tree, 'cache', 'info', 'sub')).stdout.toString();
    expect(text).toContain(
      `settings    ${file}, which git ignores with all of .muse\n  --gitignore\n  --exclude '*.log'\n`,
    );
    const { settings } = JSON.parse((await run(tree, 'cache', 'info', '--json')).stdout.toString()) as {
      settings: object;
    };
    expect(settings).toEqual({ file, options: { gitignore: true, exclude: ['*.log'] } });
  });

  it.skipIf(process.getuid?.() !== 0)('of another user is not obeyed, and a problem', async () => {
    await using tree = await made();
    await set(tree, "exclude = ['*.log']\n");
    chownSync(join(tree.path, '.muse/snapshot.toml'), 12_345, 0);
    const taken = await run(tree, 'snapshot');
    expect(taken.code).toBe(3);
    expect(taken.stderr).toContain('snapshot.toml" belongs to another user, so it is not obeyed');
    expect(await files(tree)).toContain('a.log');
    expect(await files(tree, '--trust-owner', '12345')).not.toContain('a.log');
  });
});
