import { scanBatch, servePool, StatView, systemCalls, type Answer, type ScanTask } from '@muse/walker/scan';
import { hashBatch, makeHashBuffer, type HashTask } from './hash-batch.js';

let buffer: Uint8Array | undefined;

servePool((task: ScanTask | HashTask, signal): Answer => {
  if (task.kind === 'scan') {
    const reply = scanBatch(systemCalls, task, { signal });
    return { value: reply, transfer: [reply.stats.buffer, reply.kinds.buffer] };
  }
  const paths = task.paths.split('\0');
  const listed = paths.map((_, index) => new StatView(task.listed, index));
  const reply = hashBatch({ root: task.root, paths, listed }, (buffer ??= makeHashBuffer()), signal);
  return { value: reply, transfer: [reply.stats.buffer, reply.bytes.buffer] };
});
