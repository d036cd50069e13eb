import type { StoredLines } from '@muse/stat-cache';
import { type LineRange, scanBatch, type ScanTask, servePool, systemCalls } from '@muse/walker/scan';
import { hashBatch, type HashTask, makeReadBuffer } from './lib/hash/engine.js';
import { LineJoin } from './lib/take/join.js';

let buffer: Buffer | undefined;

servePool((task: ScanTask | HashTask, signal) => {
  if (task.kind === 'hash') {
    const value = hashBatch(task, (buffer ??= makeReadBuffer()), signal);
    return { value, transfer: [value.buffer] };
  }
  const lines = task.data as StoredLines | undefined;
  const join =
    lines &&
    (({ path, slice }: { readonly path: string; readonly slice: LineRange }) =>
      new LineJoin(lines, path, slice));
  const value = scanBatch(systemCalls, task, { signal, join });
  return { value, transfer: [value.buffer] };
});
