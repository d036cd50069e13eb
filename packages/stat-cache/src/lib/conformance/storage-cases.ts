import { cacheCases } from './cache-cases.js';
import { contentCases } from './content-cases.js';
import { isolationCases } from './isolation-cases.js';
import type { StorageCase } from './storage-subject.js';

/** What every storage must do; each case wants a subject of its own. */
export const storageCases: readonly StorageCase[] = [...contentCases, ...isolationCases, ...cacheCases];
