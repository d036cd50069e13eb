import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  createSnapshot,
  forgetSnapshots,
  latestSavedSnapshot,
  listSavedSnapshots,
  parseSnapshot,
  readSavedSnapshot,
  saveSnapshot,
  type SavedSnapshotInfo,
  type Snapshot,
} from '@muse/snapshot';
import { built, fifo, hostileNames, makeTree } from '@muse/testkit';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { bareTree, museTree } from './support/trees.js';

const snapshotsIn = (root: string): string => join(root, '.muse/snapshots');

/** Saves a root whose one file has this content. */
async function saveContent(root: string, content: string, note?: string): Promise<SavedSnapshotInfo> {
  await writeFile(join(root, 'a'), content);
  return saveSnapshot(root, await createSnapshot(root), { note });
}

/** A snapshot with a problem. */
async function incomplete(root: string): Promise<Snapshot> {
  const { id, manifest, stats } = await createSnapshot(root);
  const problem = {
    path: 'gap',
    kind: 'unreadable',
    operation: 'open',
    code: 'EACCES',
    message: 'no',
  } as const;
  return { id, by: 'scan', manifest, stats, complete: false, problems: [problem] };
}

describe('saveSnapshot()', () => {
  it('saves what can be read again', async () => {
    const root = await museTree({ a: 'a', d: { b: 'bb' } });
    const snapshot = await createSnapshot(root);
    const before = Date.now();
    const saved = await saveSnapshot(root, snapshot, { note: 'first,"manifest":{\nline' });
    expect(saved).toMatchObject({
      id: snapshot.id,
      note: 'first,"manifest":{\nline',
      subtree: '',
      complete: true,
      files: 2,
      bytes: 3,
    });
    expect(saved.savedAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(saved.file.startsWith(snapshotsIn(root))).toBe(true);
    const read = await readSavedSnapshot(root, snapshot.id);
    expect(read).toEqual({ ...saved, manifest: snapshot.manifest, problems: [] });
    expect(await listSavedSnapshots(root)).toEqual({ snapshots: [saved], damaged: [] });
  });

  it('keeps names of any bytes, and no names at all', async () => {
    const root = await museTree();
    await makeTree(new Map(hostileNames.map((name) => [name, '# x'])), root);
    const hostile = await createSnapshot(root);
    await saveSnapshot(root, hostile);
    expect((await readSavedSnapshot(root, hostile.id)).manifest).toEqual(hostile.manifest);
    const bare = await museTree();
    await saveSnapshot(bare, await createSnapshot(bare));
    expect((await latestSavedSnapshot(bare)).snapshot?.manifest.size).toBe(0);
  });

  it('saves an incomplete snapshot as one', async () => {
    const root = await museTree({ a: 'a' });
    const snapshot = await incomplete(root);
    await saveSnapshot(root, snapshot);
    expect((await listSavedSnapshots(root)).snapshots).toMatchObject([{ complete: false }]);
    expect(await readSavedSnapshot(root, snapshot.id)).toMatchObject({
      complete: false,
      problems: snapshot.problems,
    });
  });

  it('writes a manifest that is read as any other', async () => {
    const root = await museTree({ a: 'a' });
    const saved = await saveContent(root, 'a');
    expect(parseSnapshot(await readFile(saved.file)).id).toBe(saved.id);
  });

  it('is no part of the snapshot', async () => {
    const root = await museTree({ a: 'a' });
    const snapshot = await createSnapshot(root);
    await saveSnapshot(root, snapshot);
    expect((await createSnapshot(root)).id).toBe(snapshot.id);
  });

  it('puts each one after the others, even after the clock was set back', async () => {
    const root = await museTree();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2099-01-01T00:00:00Z') });
    onTestFinished(() => void vi.useRealTimers());
    await saveContent(root, '1');
    vi.setSystemTime(Date.parse('2026-03-09T16:00:00Z'));
    const notes = ['2', '3', '4'];
    for (const note of notes) await saveContent(root, note, note);
    const { snapshots } = await listSavedSnapshots(root);
    expect(snapshots.map(({ note }) => note)).toEqual(['4', '3', '2', '']);
    expect((await latestSavedSnapshot(root)).snapshot?.note).toBe('4');
  });

  it.each(['', '{}', `{"snapshot_id":"${'c'.repeat(64)}","manifest":{}}`, 'damaged'])(
    'is not moved in time by a file from the future that holds %j',
    async (content) => {
      const root = await museTree();
      const saved = await saveContent(root, '1', '1');
      const stray = join(snapshotsIn(root), `99991231T235959.999Z-${'c'.repeat(64)}-00000000.json`);
      const copy = await readFile(saved.file, 'utf8');
      await writeFile(stray, content === 'damaged' ? copy : content);
      for (const note of ['2', '3', '4'])
        expect((await saveContent(root, note, note)).savedAt.getFullYear()).toBeLessThan(9000);
      await rm(stray);
      const { snapshots, damaged } = await listSavedSnapshots(root);
      expect(snapshots.map(({ note }) => note)).toEqual(['4', '3', '2', '1']);
      expect(damaged).toEqual([]);
    },
  );

  it('loses none of many that are saved at once', async () => {
    const root = await museTree({ a: 'a' });
    const snapshot = await createSnapshot(root);
    const notes = Array.from({ length: 40 }, (_, index) => String(index));
    await Promise.all(notes.map((note) => saveSnapshot(root, snapshot, { note })));
    const { snapshots, damaged } = await listSavedSnapshots(root);
    expect(damaged).toEqual([]);
    expect(new Set(snapshots.map(({ note }) => note))).toEqual(new Set(notes));
    expect((await readdir(snapshotsIn(root))).length).toBe(40);
  });

  it.each([
    ['no .muse', {}, 'ENOENT'],
    ['a file in the place of .muse', { '.muse': 'x' }, 'ENOTREG'],
    ['a file in the place of the directory', { '.muse': { snapshots: 'x' } }, 'ENOTREG'],
  ])('saves nothing where there is %s', async (_, spec, code) => {
    const root = await bareTree({ a: 'a', ...spec });
    const snapshot = await createSnapshot(root, { cache: false });
    await expect(saveSnapshot(root, snapshot)).rejects.toMatchObject({ name: 'SavedSnapshotError', code });
  });

  it.each(['.muse', '.muse/snapshots'])('follows no link at %s', async (place) => {
    const elsewhere = await bareTree();
    const root = await bareTree(place === '.muse' ? { a: 'a' } : { a: 'a', '.muse': {} });
    await mkdir(join(elsewhere, 'snapshots'));
    await symlink(elsewhere, join(root, place));
    const snapshot = await createSnapshot(root, { cache: false });
    await expect(saveSnapshot(root, snapshot)).rejects.toMatchObject({ code: 'ENOTREG' });
    await expect(listSavedSnapshots(root)).rejects.toMatchObject({ code: 'ENOTREG' });
    await expect(latestSavedSnapshot(root)).rejects.toMatchObject({ code: 'ENOTREG' });
    expect(await readdir(join(elsewhere, 'snapshots'))).toEqual([]);
  });

  it('leaves nothing behind when it is aborted', async () => {
    const root = await museTree({ a: 'a' });
    const snapshot = await createSnapshot(root);
    const controller = new AbortController();
    const manifest = {
      size: 1,
      keys: () => snapshot.manifest.keys(),
      *[Symbol.iterator]() {
        controller.abort(new Error('enough'));
        yield* snapshot.manifest;
      },
    } as unknown as Snapshot['manifest'];
    const saving = saveSnapshot(root, { ...snapshot, manifest }, { signal: controller.signal });
    await expect(saving).rejects.toThrow('enough');
    expect(await readdir(snapshotsIn(root))).toEqual([]);
  });

  it('sweeps what a killed process left an hour ago, and nothing else', async () => {
    const root = await museTree({
      '.muse/snapshots': { '.saving_1.tmp': 'x', '.saving_2.tmp': 'x', other: 'x' },
    });
    await utimes(join(snapshotsIn(root), '.saving_1.tmp'), 1, 1);
    await utimes(join(snapshotsIn(root), 'other'), 1, 1);
    await saveContent(root, 'a');
    const names = await readdir(snapshotsIn(root));
    expect(names.filter((name) => !name.endsWith('.json')).sort()).toEqual(['.saving_2.tmp', 'other']);
  });

  it('leaves whole snapshots alone however often savers are killed', async () => {
    const root = await museTree({ a: 'a' });
    const script = `
      import { createSnapshot, saveSnapshot } from '${built('@muse/snapshot')}';
      const snapshot = await createSnapshot(process.argv[1]);
      await saveSnapshot(process.argv[1], snapshot);
      process.stdout.write('.');
      for (;;) await saveSnapshot(process.argv[1], snapshot);`;
    for (let delay = 0; delay < 5; delay++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, root], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = new Promise((resolve) => child.on('close', resolve));
      child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), 20 + delay * 7));
      await ended;
    }
    const { snapshots, damaged } = await listSavedSnapshots(root);
    expect(damaged).toEqual([]);
    expect(snapshots.length).toBeGreaterThan(0);
  });
});

describe('a damaged snapshot', () => {
  const damages: readonly (readonly [string, (text: string) => string])[] = [
    ['is cut', (text) => text.slice(0, text.length / 2)],
    ['lacks its last byte', (text) => text.slice(0, -1)],
    [
      'has another object id',
      (text) => text.replace(/(?<="a":"sha256:)./, (digit) => (digit === '0' ? '1' : '0')),
    ],
    ['has another note', (text) => text.replace('"note":"2"', '"note":"9"')],
    ['has a byte of another kind', (text) => text.replace('"a"', '"\0"')],
    ['is cut after its beginning', (text) => text.slice(0, 40)],
    ['is of another version', (text) => text.replace('"version":1', '"version":2')],
    ['has zeroes at its end', (text) => text + '\0'.repeat(100)],
  ];

  it.each(damages)('that %s is named, and the others are there', async (_, damage) => {
    const root = await museTree();
    const saved = [await saveContent(root, '1', '1'), await saveContent(root, '2', '2')];
    const newer = await saveContent(root, '3', '3');
    const broken = saved[1] ?? newer;
    await writeFile(broken.file, damage(await readFile(broken.file, 'utf8')));
    const { snapshots, damaged } = await listSavedSnapshots(root);
    expect(snapshots.map(({ note }) => note)).toEqual(['3', '1']);
    expect(damaged).toMatchObject([{ file: broken.file, error: { code: 'EDAMAGED' } }]);
    await expect(readSavedSnapshot(root, broken.id)).rejects.toMatchObject({
      path: broken.file,
      code: 'EDAMAGED',
    });
    expect((await readSavedSnapshot(root, newer.id)).note).toBe('3');
    expect(await latestSavedSnapshot(root)).toMatchObject({ snapshot: { note: '3' }, damaged: [] });
    await rm(newer.file);
    expect(await latestSavedSnapshot(root)).toMatchObject({
      snapshot: { note: '1' },
      damaged: [{ file: broken.file }],
    });
  });

  const forgeries: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    ['other files', (text) => text.replace('"a":', '"b":'), /"snapshot_id" is .*, and the 1 files/],
    [
      'a key twice',
      (text) => text.replace('"note":"1"', '"note":"1","note":"2"'),
      /"note" is there for the second/,
    ],
    [
      'an id twice',
      (text) => text.replace(/("snapshot_id":"[^"]*",)/, '"snapshot_id":"x",$1'),
      /"snapshot_id" is there for the second/,
    ],
    [
      'a manifest twice',
      (text) => text.replace('"manifest":{', '"manifest":{},"manifest":{'),
      /"manifest" is there for the second/,
    ],
    [
      'a manifest twice, spelled otherwise',
      (text) => text.replace(',"manifest":{', ',"manifest":{},"manifes\\u0074":{'),
      /"manifest" is there for the second/,
    ],
    ['a file twice', (text) => text.replace(/("a":"[^"]*")/, '$1,\n$1'), /"a" is there for the second/],
    [
      'a count twice',
      (text) => text.replace('"files":1', '"files":1,"files":1'),
      /"files" is there for the second/,
    ],
    ['another count', (text) => text.replace('"files":1', '"files":7'), /it has 1 files, and "files" is 7/],
    [
      'a lie about being complete',
      (text) => text.replace('"complete":true', '"complete":1'),
      /"complete" is not/,
    ],
    ['another time', (text) => text.replace(/"saved_at":"\d{4}/, '"saved_at":"1999'), /it was saved at 1999/],
    ['no note', (text) => text.replace('"note":"1",', ''), /what it says of the snapshot is not complete/],
    ['a subtree that is none', (text) => text.replace('"subtree":""', '"subtree":"../x"'), /as a tree path/],
    [
      'a snapshot of a snapshot',
      (text) => text.replace('"stats":{', `"stats":{"x":${'['.repeat(200_000)}`),
      /levels/,
    ],
  ];

  it.each(forgeries)('with %s and a fresh checksum is seen by every reader', async (_, forge, reason) => {
    const root = await museTree();
    const older = await saveContent(root, '0', '0');
    const saved = await saveContent(root, '1', '1');
    const text = forge(await readFile(saved.file, 'utf8'));
    const body = text.slice(0, text.lastIndexOf(',"checksum"'));
    const checksum = createHash('sha256').update(body).digest('hex');
    await writeFile(saved.file, `${body},"checksum":"${checksum}"}\n`);
    await expect(readSavedSnapshot(root, saved.id)).rejects.toThrow(reason);
    expect(await latestSavedSnapshot(root)).toMatchObject({
      snapshot: { id: older.id },
      damaged: [{ file: saved.file }],
    });
    const { snapshots, damaged } = await listSavedSnapshots(root);
    expect(snapshots).toEqual([older]);
    expect(damaged).toMatchObject([{ file: saved.file }]);
  });

  it('is one with the name of another', async () => {
    const root = await museTree();
    const good = await saveContent(root, '1', 'good');
    const other = good.file.replace(good.id.slice(7), '0'.repeat(64));
    await writeFile(other, await readFile(good.file));
    const { snapshots, damaged } = await listSavedSnapshots(root);
    expect(snapshots).toEqual([good]);
    expect(damaged.map(({ error }) => error.message).join()).toContain('unlike its name');
  });

  it('is passed over where the same content was saved twice', async () => {
    const root = await museTree();
    const first = await saveContent(root, '1', 'first');
    const second = await saveContent(root, '1', 'second');
    expect((await readSavedSnapshot(root, first.id)).note).toBe('second');
    await writeFile(second.file, (await readFile(second.file)).subarray(0, 100));
    const damaged: string[] = [];
    const read = await readSavedSnapshot(root, first.id, { onDamaged: ({ file }) => damaged.push(file) });
    expect(read.note).toBe('first');
    expect(damaged).toEqual([second.file]);
  });
});

describe('what was not saved here', () => {
  it('is passed over without a word, and never read to its end', async () => {
    const root = await museTree();
    const good = await saveContent(root, '1', 'good');
    const directory = snapshotsIn(root);
    const copy = (digits: string): string => good.file.replace(/[0-9a-f]{8}\.json$/, `${digits}.json`);
    await symlink(good.file, copy('00000001'));
    await mkdir(copy('00000002'));
    await makeTree({ [basename(copy('00000003'))]: fifo() }, directory);
    await writeFile(copy('00000004'), '');
    await writeFile(copy('00000005'), 'not ours');
    await writeFile(copy('00000006'), 'not ours');
    await truncate(copy('00000006'), 2 ** 40);
    const bytes = await readFile(good.file);
    for (const name of [
      'mine.json',
      `${good.id.slice(7)}.json`,
      `.${basename(good.file)}`,
      `${basename(good.file)}.bak`,
    ]) {
      await writeFile(join(directory, name), bytes);
    }
    expect(await listSavedSnapshots(root)).toEqual({ snapshots: [good], damaged: [] });
    expect(await latestSavedSnapshot(root)).toMatchObject({ snapshot: { note: 'good' }, damaged: [] });
    const damaged: unknown[] = [];
    const read = await readSavedSnapshot(root, good.id, { onDamaged: (each) => damaged.push(each) });
    expect(read.note).toBe('good');
    expect(damaged).toEqual([]);
  });

  it('does not make an id ambiguous', async () => {
    const root = await museTree();
    const { id, file } = await saveContent(root, '1');
    await writeFile(file.replace(id.slice(8), `${'0'.repeat(63)}-00000000.json`), 'not ours');
    expect((await readSavedSnapshot(root, id.slice(7, 8))).id).toBe(id);
  });
});

describe('readSavedSnapshot()', () => {
  it('takes the beginning of an id that no other has', async () => {
    const root = await museTree();
    const saved: SavedSnapshotInfo[] = [];
    for (let i = 0; i < 20; i++) saved.push(await saveContent(root, String(i), String(i)));
    for (const { id, note } of saved) {
      expect((await readSavedSnapshot(root, id.slice(7, 20))).note).toBe(note);
      expect((await readSavedSnapshot(root, id.slice(0, 20))).note).toBe(note);
    }
    // Of twenty ids, two begin with the same of sixteen digits.
    const digits = saved.map(({ id }) => id.slice(7, 8));
    const twice = digits.find((digit, index) => digits.indexOf(digit) < index) ?? '';
    await expect(readSavedSnapshot(root, twice)).rejects.toMatchObject({ code: 'EAMBIGUOUS' });
  });

  it.each(['', 'sha256:', 'zz', 'sha256:0000', '../x', 'a'.repeat(65)])('finds none for %j', async (id) => {
    const root = await museTree();
    await saveContent(root, 'x');
    await expect(readSavedSnapshot(root, id)).rejects.toMatchObject({ code: 'ENOSNAPSHOT' });
  });
});

describe('latestSavedSnapshot()', () => {
  it('is undefined where none was saved', async () => {
    expect(await latestSavedSnapshot(await museTree())).toEqual({ snapshot: undefined, damaged: [] });
    expect(await latestSavedSnapshot(await bareTree())).toEqual({ snapshot: undefined, damaged: [] });
  });

  it('is the latest that has the directory in it', async () => {
    const root = await museTree({ p: { q: { f: '1' } } });
    const whole = await createSnapshot(root);
    await saveSnapshot(root, whole, { note: 'whole' });
    await saveSnapshot(root, whole, { note: 'p', subtree: 'p' });
    await saveSnapshot(root, whole, { note: 'q', subtree: 'p/q' });
    const noteFor = async (subtree: string): Promise<string | undefined> =>
      (await latestSavedSnapshot(root, { subtree })).snapshot?.note;
    expect(await Promise.all(['', 'p', 'p/q', 'p/qq', 'p/q/r', 'x'].map(noteFor))).toEqual([
      'whole',
      'p',
      'q',
      'p',
      'q',
      'whole',
    ]);
  });

  it('goes back over those that are not damaged', async () => {
    const root = await museTree({ p: {} });
    const saved: SavedSnapshotInfo[] = [];
    for (const note of ['1', '2', '3']) saved.push(await saveContent(root, note, note));
    const noteAt = async (back: number): Promise<string | undefined> =>
      (await latestSavedSnapshot(root, { back })).snapshot?.note;
    expect(await Promise.all([0, 1, 2, 3].map(noteAt))).toEqual(['3', '2', '1', undefined]);
    const middle = saved[1]?.file ?? '';
    await writeFile(middle, (await readFile(middle)).subarray(0, 100));
    expect(await Promise.all([0, 1, 2].map(noteAt))).toEqual(['3', '1', undefined]);
    expect((await latestSavedSnapshot(root)).damaged).toEqual([]);
    expect((await latestSavedSnapshot(root, { back: 1 })).damaged).toMatchObject([{ file: middle }]);
  });
});

describe('readSavedSnapshot() with unshared', () => {
  it('refuses an id that several saves share, damaged ones too, and takes any other', async () => {
    const root = await museTree();
    const alone = await saveContent(root, '0', 'alone');
    const first = await saveContent(root, '1', 'first');
    const second = await saveContent(root, '1', 'second');
    const read = (id: string) => readSavedSnapshot(root, id, { unshared: true });
    expect((await read(alone.id)).note).toBe('alone');
    await expect(read(first.id)).rejects.toMatchObject({ code: 'ESHARED' });
    await truncate(second.file, 100);
    await expect(read(first.id.slice(0, 30))).rejects.toMatchObject({ code: 'ESHARED' });
    await writeFile(second.file, 'not ours');
    expect((await read(first.id)).note).toBe('first');
  });
});

describe('forgetSnapshots()', () => {
  it('removes what it is given and nothing else, and counts what is gone already', async () => {
    const root = await museTree({ 'stat.json': 'x' });
    const one = await saveContent(root, '1');
    const two = await saveContent(root, '2');
    const three = await saveContent(root, '3');
    await writeFile(join(snapshotsIn(root), 'mine.json'), 'not ours');
    await rm(two.file);
    expect(await forgetSnapshots(root, [three, two])).toEqual({
      forgotten: [three.file, two.file],
      failed: [],
    });
    expect((await readdir(snapshotsIn(root))).sort()).toEqual([basename(one.file), 'mine.json'].sort());
    expect(await forgetSnapshots(root, [])).toEqual({ forgotten: [], failed: [] });
  });

  it.each([
    ['of another directory', (file: string) => join('/', basename(file))],
    ['that cannot be a saved snapshot', (file: string) => file.replace(/[^/]*$/, 'mine.json')],
    ['reached by another way', (file: string) => file.replace('snapshots/', 'snapshots/../snapshots/')],
  ])('refuses a file %s, and removes none', async (_case, rename) => {
    const root = await museTree();
    const saved = await saveContent(root, '1');
    await expect(forgetSnapshots(root, [saved, { file: rename(saved.file) }])).rejects.toThrow(RangeError);
    expect(await readdir(snapshotsIn(root))).toEqual([basename(saved.file)]);
  });

  it('follows no link, and removes no directory', async () => {
    const root = await museTree();
    const elsewhere = await museTree();
    const [linked, other, good] = [
      await saveContent(root, '1'),
      await saveContent(root, '2'),
      await saveContent(root, '3'),
    ];
    for (const { file } of [linked, other]) await rm(file);
    await writeFile(join(elsewhere, 'kept'), 'kept');
    await symlink(join(elsewhere, 'kept'), linked.file);
    await mkdir(other.file);
    const { forgotten, failed } = await forgetSnapshots(root, [linked, other, good]);
    expect(forgotten).toEqual([good.file]);
    expect(failed).toMatchObject([
      { file: linked.file, error: { code: 'ENOTREG' } },
      { file: other.file, error: { code: 'ENOTREG' } },
    ]);
    expect((await readdir(snapshotsIn(root))).length).toBe(2);
  });

  it('does nothing where the directory is a link', async () => {
    const root = await museTree();
    const saved = await saveContent(root, '1');
    await rename(snapshotsIn(root), join(root, 'moved'));
    await symlink(join(root, 'moved'), snapshotsIn(root));
    await expect(forgetSnapshots(root, [saved])).rejects.toMatchObject({ code: 'ENOTREG' });
    expect(await readdir(join(root, 'moved'))).toEqual([basename(saved.file)]);
  });

  it('loses none that is saved at the same time, and takes each once from many that forget', async () => {
    const root = await museTree();
    const old: SavedSnapshotInfo[] = [];
    for (let i = 0; i < 12; i++) old.push(await saveContent(root, String(i)));
    const snapshot = await createSnapshot(root);
    const saving = Array.from({ length: 6 }, () => saveSnapshot(root, snapshot));
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => forgetSnapshots(root, old)));
    expect(outcomes.flatMap(({ failed }) => failed)).toEqual([]);
    const names = (await Promise.all(saving)).map(({ file }) => basename(file));
    expect((await readdir(snapshotsIn(root))).sort()).toEqual(names.sort());
  });
});

describe('a saved snapshot of a later version', () => {
  it('is named, and is not called damaged', async () => {
    const root = await museTree();
    const { file } = await saveContent(root, '1');
    const text = (await readFile(file, 'utf8')).replace('"version":1', '"version":2');
    const body = text.slice(0, text.lastIndexOf(',"checksum"'));
    const checksum = createHash('sha256').update(body).digest('hex');
    await writeFile(file, `${body},"checksum":"${checksum}"}\n`);
    const { damaged } = await listSavedSnapshots(root);
    expect(damaged).toMatchObject([{ file, error: { code: 'EVERSION' } }]);
    expect(damaged[0]?.error.message).toContain('version 2');
  });
});
