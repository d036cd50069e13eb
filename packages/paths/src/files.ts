export { TrustedOwners, type OwnerFacts } from './lib/muse-directory.js';
export {
  FileReadError,
  readGuarded,
  readStream,
  type FileReadErrorCode,
  type GuardedFile,
  type ReadGuardedOptions,
  type ReadLimits,
} from './lib/read-guarded.js';
export {
  replaceFile,
  statNewFile,
  syncDirectory,
  type ReplaceFileOptions,
  type TemporaryFileOptions,
  type TemporaryFiles,
} from './lib/replace-file.js';
