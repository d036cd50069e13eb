import { randomBytes } from 'node:crypto';
import { isObjectId, type ObjectId } from '@muse/stat-cache';

/**
 * A saved snapshot is in the file `<time>-<64 digits of its id>-<8 random digits>.json`, so that the names alone tell which
 * is the newest and which have an id. The time is `20261122T194012.345Z`. The random digits keep apart what two processes
 * save in the same millisecond.
 */
export interface SavedName {
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly id: ObjectId;
}

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z-([0-9a-f]{64})-[0-9a-f]{8}\.json$/;
/** The last millisecond of the year 9999, which is the last with four digits. */
const LAST_MS = 253_402_300_799_999;

/** Returns what a name says; `undefined` where it is not that of a saved snapshot. */
export function parseSavedName(name: string): SavedName | undefined {
  const [, year, month, day, hour, minute, second, digits] = NAME.exec(name) ?? [];
  const id = `sha256:${digits ?? ''}`;
  const timeMs = Date.parse(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  );
  if (!isObjectId(id) || Number.isNaN(timeMs) || !name.startsWith(stamp(timeMs))) return undefined;
  return { name, timeMs, id };
}

/** Returns a new name for a snapshot that is saved at a time of the years 0 to 9999. */
export function newSavedName(id: ObjectId, timeMs: number): string {
  return `${stamp(timeMs)}-${id.slice('sha256:'.length)}-${randomBytes(4).toString('hex')}.json`;
}

/**
 * Returns the time for a snapshot that is saved now: after the newest one that there is already, so that a clock that was
 * set back does not make the last one saved an old one.
 */
export function timeToSave(nowMs: number, newestMs: number | undefined): number {
  return Math.min(newestMs === undefined ? nowMs : Math.max(nowMs, newestMs + 1), LAST_MS);
}

function stamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:]/g, '');
}
