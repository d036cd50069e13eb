import { diff, status } from './commands/compare.js';
import { log } from './commands/log.js';
import { show } from './commands/show.js';
import type { SnapshotContext } from './commands/snapshot.js';
import type { ExitCode } from './exit-code.js';
import { renderComparison } from './render/render-comparison.js';
import { renderLog } from './render/render-log.js';
import { renderShow } from './render/render-show.js';
import type { Reporter } from './render/reporter.js';
import type { SavedRequest } from './request.js';

/** Runs a command that works with saved snapshots. */
export async function runSaved(
  request: SavedRequest,
  context: SnapshotContext,
  reporter: Reporter,
): Promise<ExitCode> {
  switch (request.command) {
    case 'status':
      return renderComparison(await status(request, { ...context, logger: reporter }), request, reporter);
    case 'diff':
      return renderComparison(await diff(request, { ...context, logger: reporter }), request, reporter);
    case 'log':
      return renderLog(await log(request, reporter), request, reporter);
    case 'show':
      return renderShow(await show(request, context), request, reporter);
  }
}
