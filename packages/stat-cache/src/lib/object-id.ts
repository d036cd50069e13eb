import { hash } from 'node:crypto';
import type { ObjectId } from './types.js';

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** Returns the object id of these bytes: `sha256:` and the SHA-256 digest in lower-case hex. */
export function blobId(bytes: Uint8Array): ObjectId {
  return `sha256:${hash('sha256', bytes, 'hex')}`;
}

/** Returns whether a text is an object id as {@link blobId} writes it. */
export function isObjectId(text: string): text is ObjectId {
  return PATTERN.test(text);
}
