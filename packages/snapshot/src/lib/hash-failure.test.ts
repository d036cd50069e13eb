import { MovedFileError, NotRegularFileError, TornFileError } from '@muse/stat-cache';
import { expect, it } from 'vitest';
import { failureOf } from './hash-failure.js';

const system = (code: string, syscall?: string) =>
  Object.assign(new Error(`${code}: what it says, ${syscall ?? 'read'} '/x'`), { code, syscall });

it.each([
  [new TornFileError('/x', 3), false, 'torn', 'read', 'ETORN'],
  [new MovedFileError('/x'), true, 'torn', 'read', 'ETORN'],
  [new NotRegularFileError('/x', 'FIFO'), true, 'torn', 'read', 'ETORN'],
  [system('ENOENT', 'open'), true, 'unreadable', 'open', 'ENOENT'],
  [system('ENOTDIR', 'open'), true, 'unreadable', 'open', 'ENOTDIR'],
  [system('ELOOP', 'open'), true, 'unreadable', 'open', 'ELOOP'],
  [system('EACCES', 'open'), false, 'unreadable', 'open', 'EACCES'],
  [system('EMFILE', 'open'), false, 'io-error', 'open', 'EMFILE'],
  [system('EIO', 'read'), false, 'io-error', 'read', 'EIO'],
  [system('ENAMETOOLONG', 'open'), false, 'path-too-long', 'open', 'ENAMETOOLONG'],
  [new Error('what it says'), false, 'io-error', 'read', 'EUNKNOWN'],
])(
  'failureOf makes of %s: moved %s, a problem of the kind %s in %s with %s',
  (error, moved, kind, operation, code) => {
    const failure = failureOf('d/x', error);
    expect(failure).toMatchObject({ moved, problem: { path: 'd/x', kind, operation, code } });
    expect(failure.problem.message).not.toContain('/x');
  },
);
