import type { SortedLines } from '@muse/stat-cache';
import {
  packReply,
  scanBatch,
  servePool,
  StatView,
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
  const paths = task.paths.split('\0');
  const listed = paths.map((_, index) => new StatView(task.listed, index));
  const reply = hashBatch({ root: task.root, paths, listed }, (buffer ??= makeHashBuffer()), signal);
  return { value: reply, transfer: [reply.stats.buffer, reply.bytes.buffer] };
});
