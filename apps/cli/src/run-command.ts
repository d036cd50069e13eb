import { setFlagsFromString } from 'node:v8';
import { cacheClear } from './commands/cache-clear.js';
import { cacheInfo } from './commands/cache-info.js';
import { explain } from './commands/explain.js';
import { hash } from './commands/hash.js';
import { init } from './commands/init.js';
import { snapshot, type SnapshotContext } from './commands/snapshot.js';
import { verify } from './commands/verify.js';
import { ExitCode } from './exit-code.js';
import { loaded } from './loaded.js';
import { keepHangupIgnored } from './hangup.js';
import { renderCacheCleared, renderCacheInfo } from './render/render-cache.js';
import { renderExplain } from './render/render-explain.js';
import { renderHash } from './render/render-hash.js';
import { renderInit } from './render/render-init.js';
import { renderSnapshot } from './render/render-snapshot.js';
import { renderVerify } from './render/render-verify.js';
import { checkWritable, isStdout } from './render/write-file.js';
import { createReporter, type Reporter } from './render/reporter.js';
import { removedAtTheEnd } from './temporary-files.js';
import type {
  CacheClearRequest,
  CacheInfoRequest,
  CommandRequest,
  ExplainRequest,
  HashRequest,
  InitRequest,
  SavedRequest,
  SnapshotRequest,
  VerifyRequest,
} from './request.js';

// A snapshot is over before much of what the compiler makes fast can pay: half its work was inlining what runs once for each
// file. 11 % less wall and CPU time on the kernel tree (Node 20); what the flags mean for answers is nothing.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=100');
// V8 12, of Node 22, does not know this one any more, and would say so on stderr.
if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString('--interrupt-budget=400000');

// What a snapshot keeps is small beside what it throws away at once, so young objects need no more room than at the
// start: 130 MB at most instead of 165 on the kernel tree, in the same time. Each thread that starts sets the flag back.
const keepYoungGenerationSmall = (): void => {
  setFlagsFromString('--semi-space-growth-factor=1');
};
keepYoungGenerationSmall();
process.on('worker', (worker) => worker.once('online', keepYoungGenerationSmall));

/** Runs one command and renders what it gives; rejects with what ended it early. */
export async function runCommand(request: CommandRequest): Promise<ExitCode> {
  keepHangupIgnored();
  const reporter = createReporter(request);
  try {
    return await run(request, reporter);
  } finally {
    reporter.finish();
  }
}

function run(request: CommandRequest, reporter: Reporter): Promise<ExitCode> {
  switch (request.command) {
    case 'init':
      return runInit(request, reporter);
    case 'snapshot':
      return runSnapshot(request, reporter);
    case 'status':
    case 'diff':
    case 'log':
    case 'show':
      return runSaved(request, reporter);
    case 'verify':
      return runVerify(request, reporter);
    case 'explain':
      return runExplain(request, reporter);
    case 'cache info':
      return runCacheInfo(request, reporter);
    case 'cache clear':
      return runCacheClear(request, reporter);
    case 'hash':
      return runHash(request, reporter);
  }
}

async function runInit(request: InitRequest, reporter: Reporter): Promise<ExitCode> {
  await renderInit(await init(request), reporter);
  return ExitCode.done;
}

async function runSnapshot(request: SnapshotRequest, reporter: Reporter): Promise<ExitCode> {
  const output = request.output !== undefined && !isStdout(request.output) ? request.output : undefined;
  if (output !== undefined) await checkWritable(output);
  const context = contextOf(reporter);
  const answer = await snapshot(request, context);
  return renderSnapshot(answer, { ...request, output }, reporter, context.temporaryFiles);
}

/** Most runs are snapshots, which need none of this. */
async function runSaved(request: SavedRequest, reporter: Reporter): Promise<ExitCode> {
  const { runSaved: runIt } = await loaded(import('./run-saved.js'));
  return runIt(request, contextOf(reporter), reporter);
}

async function runVerify(request: VerifyRequest, reporter: Reporter): Promise<ExitCode> {
  return renderVerify(await verify(request, { ...contextOf(reporter), logger: reporter }), request, reporter);
}

async function runExplain(request: ExplainRequest, reporter: Reporter): Promise<ExitCode> {
  return renderExplain(await explain(request, reporter), request);
}

async function runCacheInfo(request: CacheInfoRequest, reporter: Reporter): Promise<ExitCode> {
  await renderCacheInfo(await cacheInfo(request, reporter), request);
  return ExitCode.done;
}

async function runCacheClear(request: CacheClearRequest, reporter: Reporter): Promise<ExitCode> {
  await renderCacheCleared(await cacheClear(request, reporter));
  return ExitCode.done;
}

async function runHash(request: HashRequest, reporter: Reporter): Promise<ExitCode> {
  return renderHash(hash(request), reporter);
}

function contextOf(reporter: Reporter): SnapshotContext {
  const onProgress = reporter.progress.bind(reporter);
  return { logger: reporter, onProgress, temporaryFiles: removedAtTheEnd() };
}
