import type { SortedLines } from '@muse/stat-cache';
import {
  quickCalls,
  scanBatch,
  servePool,
  type Answer,
  type LineRange,
  type ScanTask,
} from '@muse/walker/scan';
import { hashBatch, makeReadBuffer, type HashTask } from './hash-engine.js';
import { LineJoin } from './join.js';

let buffer: Buffer | undefined;

servePool((task: ScanTask | HashTask, signal): Answer => {
  if (task.kind === 'hash') {
    const value = hashBatch(task, (buffer ??= makeReadBuffer()), signal);
    return { value, transfer: [value.buffer] };
  }
  const lines = task.data as SortedLines | undefined;
  const join =
    lines &&
    (({ path, slice }: { readonly path: string; readonly slice: LineRange }) =>
      new LineJoin(lines, path, slice));
  const value = scanBatch(quickCalls(), task, { signal, join });
  return { value, transfer: [value.buffer] };
});
