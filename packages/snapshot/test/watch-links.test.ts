import {
  appendFileSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSnapshot } from '@muse/snapshot';
import { tempDir } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EVENT } from '../src/lib/watch/events.js';
import { bareTree, museTree } from './support/trees.js';
import { ask, hasEvents, watch, watchSettled } from './support/watching.js';

const TREE = { 's/a': 'a', 'd/b': 'b', 'e/c': 'c', t: 't' };

/** Edits through another name of the file `s/a`, made since the last question, that is gone at the next. */
const THROUGH_A_NAME: Record<string, (root: string, outside: string) => void> = {
  'and removed': (root) => {
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    appendFileSync(join(root, 'd/link'), '!');
    unlinkSync(join(root, 'd/link'));
  },
  'and overwritten': (root) => {
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    appendFileSync(join(root, 'd/link'), '!');
    renameSync(join(root, 't'), join(root, 'd/link'));
  },
  'and made anew': (root) => {
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    appendFileSync(join(root, 'd/link'), '!');
    unlinkSync(join(root, 'd/link'));
    writeFileSync(join(root, 'd/link'), 'another');
  },
  'and moved within the tree, and removed there': (root) => {
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    appendFileSync(join(root, 'd/link'), '!');
    renameSync(join(root, 'd/link'), join(root, 'e/link'));
    unlinkSync(join(root, 'e/link'));
  },
  'and moved out': (root, outside) => {
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    appendFileSync(join(root, 'd/link'), '!');
    renameSync(join(root, 'd/link'), join(outside, 'link'));
  },
  'and moved out with its directory': (root, outside) => {
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    appendFileSync(join(root, 'd/link'), '!');
    renameSync(join(root, 'd'), join(outside, 'd'));
  },
  'which was open, after it was removed': (root) => {
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    const descriptor = openSync(join(root, 'd/link'), 'a');
    unlinkSync(join(root, 'd/link'));
    writeSync(descriptor, '!');
    closeSync(descriptor);
  },
};

describe.skipIf(!hasEvents)('a watched file', () => {
  it.each(Object.keys(THROUGH_A_NAME))(
    'that is written through another name, %s, is read again',
    async (how) => {
      const [root, outside] = [await museTree(TREE), await bareTree()];
      const snapshotter = await watchSettled(root);
      THROUGH_A_NAME[how]?.(root, outside);
      await ask(snapshotter);
      await ask(snapshotter);
    },
  );

  it('that got another name is followed through it from then on', async () => {
    const [root, outside] = [await museTree(TREE), await bareTree()];
    const snapshotter = await watchSettled(root);
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    await ask(snapshotter);
    appendFileSync(join(root, 'd/link'), '!');
    await ask(snapshotter);
    renameSync(join(root, 'd/link'), join(outside, 'link'));
    await ask(snapshotter);
    appendFileSync(join(outside, 'link'), '!');
    await ask(snapshotter);
  });

  it('that got another name and lost it again is followed through what was open by then', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    const descriptor = openSync(join(root, 'd/link'), 'a');
    await ask(snapshotter);
    unlinkSync(join(root, 'd/link'));
    await ask(snapshotter);
    writeSync(descriptor, '!');
    closeSync(descriptor);
    await ask(snapshotter);
  });

  it.each(['made', 'moved'])(
    'that got another name in a directory that was %s since, is followed',
    async (how) => {
      const [root, outside] = [await museTree(TREE), await bareTree()];
      const snapshotter = await watchSettled(root);
      const directory = how === 'made' ? join(root, 'new') : join(outside, 'new');
      mkdirSync(directory);
      linkSync(join(root, 's/a'), join(directory, 'link'));
      if (how === 'moved') renameSync(directory, join(root, 'new'));
      appendFileSync(join(root, 'new/link'), '!');
      await ask(snapshotter);
      rmSync(join(root, 'new'), { recursive: true });
      await ask(snapshotter);
    },
  );

  it('is answered for by events when it is saved by way of another file, as editors do', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    writeFileSync(join(root, 's/.a.swp'), 'new');
    renameSync(join(root, 's/.a.swp'), join(root, 's/a'));
    expect(await ask(snapshotter)).toBe('events');
    renameSync(join(root, 's/a'), join(root, 's/a~'));
    writeFileSync(join(root, 's/a'), 'newer');
    unlinkSync(join(root, 's/a~'));
    expect(await ask(snapshotter)).toBe('events');
    writeFileSync(join(root, 'e/c'), 'gone at once');
    unlinkSync(join(root, 'e/c'));
    expect(await ask(snapshotter)).toBe('events');
  });
});

describe.skipIf(!hasEvents)('a file with two names that nobody touched for long', () => {
  it('is read again by both, whichever it is edited through', async () => {
    const root = await museTree(TREE);
    linkSync(join(root, 's/a'), join(root, 'd/link'));
    // Until then a name that it got while it was listed could be in no event, and all is listed once more.
    await sleep(2500);
    const snapshotter = await watchSettled(root);
    expect(await ask(snapshotter)).toBe('events');
    appendFileSync(join(root, 'd/link'), '!');
    expect(await ask(snapshotter)).toBe('events');
    await sleep(2500);
    await snapshotter.snapshot();
    appendFileSync(join(root, 's/a'), '?');
    expect(await ask(snapshotter)).toBe('events');
  });
});

/** What becomes of the name `gone/link` of the file `kept/a`, which stays open by it. */
const AWAY: Record<string, (root: string, outside: string) => void> = {
  'removed with its directory': (root) => {
    rmSync(join(root, 'gone'), { recursive: true });
  },
  'overwritten by another': (root) => {
    writeFileSync(join(root, 'gone/new'), 'new');
    renameSync(join(root, 'gone/new'), join(root, 'gone/link'));
  },
  'moved out with its directory, and removed there': (root, outside) => {
    renameSync(join(root, 'gone'), join(outside, 'gone'));
    unlinkSync(join(outside, 'gone/link'));
  },
  'removed with its directory, and then its own name is another': (root) => {
    rmSync(join(root, 'gone'), { recursive: true });
    renameSync(join(root, 'kept/a'), join(root, 'kept/b'));
  },
};
const MOVED: Record<string, (root: string) => void> = {
  'stays where it is': () => undefined,
  'is moved': (root) => {
    for (const name of ['a', 'b'])
      if (existsSync(join(root, 'kept', name))) renameSync(join(root, 'kept', name), join(root, 'other/c'));
  },
  'is moved with its directory': (root) => {
    renameSync(join(root, 'kept'), join(root, 'other/kept'));
  },
};

describe.skipIf(!hasEvents)('a file that is written by a descriptor whose name is gone', () => {
  it('is read again, wherever it is', async () => {
    await using outside = tempDir();
    const root = await museTree();
    const open: number[] = [];
    onTestFinished(() => {
      open.forEach(closeSync);
    });
    const cases = Object.values(AWAY).flatMap((away) => Object.values(MOVED).map((move) => ({ away, move })));
    const at = (i: number) => join(root, String(i));
    for (const i of cases.keys()) {
      for (const name of ['kept', 'gone', 'other']) mkdirSync(join(at(i), name), { recursive: true });
      writeFileSync(join(at(i), 'kept/a'), 'a');
      linkSync(join(at(i), 'kept/a'), join(at(i), 'gone/link'));
      mkdirSync(join(outside.path, String(i)));
      open.push(openSync(join(at(i), 'gone/link'), 'a'));
    }
    // The first scan knows all files by the cache, and not by their inodes.
    await sleep(100);
    await createSnapshot(root, { threads: 1 });
    let isLost = false;
    const snapshotter = await watch(root, {
      events: (source) => ({
        ...source,
        read: (buffer) => {
          if (!isLost) return source.read(buffer);
          isLost = false;
          return Buffer.from(new Int32Array([-1, EVENT.overflowed, 0, 0]).buffer).copy(buffer);
        },
      }),
    });
    expect((await snapshotter.snapshot()).stats.hashedFiles).toBe(0);
    for (const [i, { away }] of cases.entries()) away(at(i), join(outside.path, String(i)));
    await ask(snapshotter);
    for (const [i, { move }] of cases.entries()) move(at(i));
    await ask(snapshotter);
    // Files that changed a moment ago are read at each question anyway.
    await sleep(2500);
    await ask(snapshotter);
    const writeAll = async () => {
      for (const descriptor of open) {
        writeSync(descriptor, '!');
        expect(await ask(snapshotter)).toBe('events');
      }
    };
    await writeAll();
    // Also where the tree was scanned anew meanwhile.
    isLost = true;
    expect(await ask(snapshotter)).toBe('scan');
    while ((await ask(snapshotter)) === 'scan') await sleep(50);
    await sleep(2500);
    await ask(snapshotter);
    await writeAll();
  });
});
