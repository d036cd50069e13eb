import { hash } from 'node:crypto';
import type { ObjectId } from './types.js';

const ALGORITHM = 'sha256:';
const LENGTH = ALGORITHM.length + 64;

/** Returns the object id of these bytes: `sha256:` and the SHA-256 digest in lower-case hex. */
export function blobId(bytes: Uint8Array): ObjectId {
  return `sha256:${hash('sha256', bytes, 'hex')}`;
}

/** Returns whether a value is an object id as {@link blobId} writes it. */
export function isObjectId(text: unknown): text is ObjectId {
  if (typeof text !== 'string' || text.length !== LENGTH || !text.startsWith(ALGORITHM)) return false;
  for (let at = ALGORITHM.length; at < LENGTH; at++) {
    const unit = text.charCodeAt(at);
    // 0 to 9 and a to f.
    if (!((unit >= 0x30 && unit <= 0x39) || (unit >= 0x61 && unit <= 0x66))) return false;
  }
  return true;
}
