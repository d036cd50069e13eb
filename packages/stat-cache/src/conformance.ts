export { codecCases, type CodecCase } from './lib/conformance/codec-cases.js';
export { storageCases, type StorageCase, type StorageSubject } from './lib/conformance/storage-cases.js';
