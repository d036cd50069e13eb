export { codecCases, type CodecCase } from './lib/conformance/codec-cases.js';
export { storageCases } from './lib/conformance/storage-cases.js';
export type { StorageCase, StorageSubject } from './lib/conformance/storage-subject.js';
