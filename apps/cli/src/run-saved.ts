import { diff, status } from './commands/compare.js';
import { log } from './commands/log.js';
import { show } from './commands/show.js';
import type { SnapshotContext } from './commands/snapshot.js';
import type { ExitCode } from './exit-code.js';
import { abortOnInterrupt } from './interruption.js';
import { renderComparison } from './render/render-comparison.js';
import { renderLog } from './render/render-log.js';
import { renderShow } from './render/render-show.js';
import type { Reporter } from './render/reporter.js';
import type { SavedRequest } from './request.js';

/** Runs a command that works with saved snapshots. */
export async function runSaved(request: SavedRequest, reporter: Reporter): Promise<ExitCode> {
  const signal = abortOnInterrupt();
  const onProgress = reporter.progress.bind(reporter);
  const context: SnapshotContext = { signal, logger: reporter, onProgress };
  switch (request.command) {
    case 'status':
      return renderComparison(await status(request, context), request, reporter, signal);
    case 'diff':
      return renderComparison(await diff(request, context), request, reporter, signal);
    case 'log':
      return renderLog(await log(request, reporter, signal), request, reporter, signal);
    case 'show':
      return renderShow(await show(request, context), request, reporter, signal);
  }
}
