import { statfsSync } from 'node:fs';
import { toFsPath, treePathFromBytes } from '@muse/paths';
import type { NativeEngine } from '@muse/walker/scan';

/** Tells of changes in the directories that are watched. Tests put faults of their own between it and its reader. */
export interface EventSource {
  /** The inotify descriptor by which an engine watches directories. */
  readonly descriptor: number;
  /** Reads events of the system into a buffer, and returns their bytes; 0 where there is none. Never waits. */
  read(buffer: Buffer): number;
  /** Ends a watch. Its last event is `IGNORED`, also where the system has ended it already. */
  remove(watch: number): void;
  close(): void;
}

/** Opens an event source of the system. Throws the system's error where there are too many. */
export function openInotify({ native }: Pick<NativeEngine, 'native'>): EventSource {
  const descriptor = native.inotifyInit();
  return {
    descriptor,
    read: (buffer) => native.inotifyRead(descriptor, buffer),
    remove: (watch) => {
      try {
        native.inotifyRemove(descriptor, watch);
      } catch {
        // The directory is gone, and its watch with it.
      }
    },
    close: () => {
      native.inotifyClose(descriptor);
    },
  };
}

/** What an event tells of. The numbers are those of inotify(7). */
export const EVENT = {
  modified: 0x2,
  attributes: 0x4,
  closedAfterWriting: 0x8,
  movedFrom: 0x40,
  movedTo: 0x80,
  created: 0x100,
  deleted: 0x200,
  selfDeleted: 0x400,
  selfMoved: 0x800,
  unmounted: 0x2000,
  overflowed: 0x4000,
  ignored: 0x8000,
  isDirectory: 0x4000_0000,
} as const;

/** One event. */
export interface Event {
  /** The watch whose directory it tells of; -1 where events were lost. */
  readonly watch: number;
  /** Bits of {@link EVENT}. */
  readonly mask: number;
  /** The same for the two events of one move; else 0. */
  readonly cookie: number;
  /** The entry of the directory that changed, as a segment of a tree path; `''` is the directory itself. */
  readonly name: string;
}

const HEADER_BYTES = 16;

/** Returns the events in what was read. */
export function eventsIn(bytes: Buffer): Event[] {
  const events: Event[] = [];
  for (let at = 0; at < bytes.length;) {
    const name = at + HEADER_BYTES;
    const end = name + bytes.readUInt32LE(at + 12);
    // Padded with NUL to a multiple of the header.
    const nul = bytes.indexOf(0, name);
    const to = nul < 0 ? end : Math.min(nul, end);
    events.push({
      watch: bytes.readInt32LE(at),
      mask: bytes.readUInt32LE(at + 4),
      cookie: bytes.readUInt32LE(at + 8),
      name: treePathFromBytes(bytes.subarray(name, to)),
    });
    at = end;
  }
  return events;
}

/** File systems of this machine's own, whose every change the kernel tells of. From `<linux/magic.h>`. */
const FILE_SYSTEMS = new Map([
  [0xef53, 'ext4'],
  [0x5846_5342, 'XFS'],
  [0x9123_683e, 'Btrfs'],
  [0x0102_1994, 'tmpfs'],
  [0x2fc1_2fc1, 'ZFS'],
  [0xf2f5_2010, 'F2FS'],
  [0xca45_1a4e, 'bcachefs'],
]);

/** Returns why nobody can rely on being told of all changes in a directory; `undefined` where one can. */
export function whyUnreliable(directory: string | Buffer): string | undefined {
  try {
    const { type } = statfsSync(typeof directory === 'string' ? toFsPath(directory) : directory);
    // Signed on some processors.
    const magic = type >>> 0;
    if (FILE_SYSTEMS.has(magic)) return undefined;
    return `its file system (0x${magic.toString(16)}) is not known to tell of every change`;
  } catch (error) {
    return `its file system cannot be told: ${(error as Error).message}`;
  }
}
