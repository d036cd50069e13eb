export { FileReadError, type FileReadErrorCode } from './lib/file-read-error.js';
export {
  readGuarded,
  readStream,
  type GuardedFile,
  type ReadGuardedOptions,
  type ReadLimits,
} from './lib/read-guarded.js';
export { TrustedOwners, type OwnerFacts } from './lib/trusted-owners.js';
