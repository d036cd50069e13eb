export { jsonV3Codec } from './lib/json-v3/codec.js';
