import type { SortedLines } from '@muse/stat-cache';
import {
  packReply,
  scanBatch,
  servePool,
  quickCalls,
  type Answer,
  type ScannedEntries,
  type ScanTask,
} from '@muse/walker/scan';
import { annotateWith } from './annotate.js';
import { hashBatch, makeHashBuffer, type HashTask } from './hash-batch.js';

let buffer: Uint8Array | undefined;

servePool((task: ScanTask | HashTask, signal): Answer => {
  if (task.kind === 'scan') {
    const lines = task.data as SortedLines | undefined;
    const annotate = lines && ((entries: ScannedEntries) => annotateWith(lines, entries));
    return packReply(scanBatch(quickCalls(), task, { signal, annotate }));
  }
  const reply = hashBatch(task, (buffer ??= makeHashBuffer()), signal);
  return { value: reply, transfer: [reply.stats.buffer, reply.bytes.buffer] };
});
