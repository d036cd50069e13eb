import type { CacheCodec } from '../types.js';
import { decodeCanonical } from './decode-canonical.js';
import { decodeLoose } from './decode-loose.js';
import { encode } from './encode.js';

/** The format of `stat.json`, JSON version 3; FORMAT.md in this package specifies it. */
export const jsonV3Codec: CacheCodec = {
  decode: (bytes, options = {}) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return decodeCanonical(buffer, options) ?? decodeLoose(buffer);
  },
  encode: (change) => encode(change),
};
