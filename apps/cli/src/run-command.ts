import { ExitCode } from './exit-code.js';
import { abortOnInterrupt } from './interruption.js';
import { createReporter, type Reporter } from './render/reporter.js';
import type {
  CacheClearRequest,
  CacheInfoRequest,
  CommandRequest,
  ExplainRequest,
  HashRequest,
  InitRequest,
  SnapshotRequest,
  VerifyRequest,
} from './request.js';

/** Runs one command and renders what it gives; rejects with what ended it early. */
export async function runCommand(request: CommandRequest): Promise<ExitCode> {
  const reporter = createReporter(request);
  const finish = (): void => {
    reporter.finish();
  };
  // A second interrupt exits in the middle of anything; the cursor must come back even then.
  process.once('exit', finish);
  try {
    return await run(request, reporter);
  } finally {
    finish();
  }
}

function run(request: CommandRequest, reporter: Reporter): Promise<ExitCode> {
  switch (request.command) {
    case 'init':
      return runInit(request);
    case 'snapshot':
      return runSnapshot(request, reporter);
    case 'verify':
      return runVerify(request, reporter);
    case 'explain':
      return runExplain(request, reporter);
    case 'cache info':
      return runCacheInfo(request, reporter);
    case 'cache clear':
      return runCacheClear(request);
    case 'hash':
      return runHash(request, reporter);
  }
}

async function runInit(request: InitRequest): Promise<ExitCode> {
  const { init } = await import('./commands/init.js');
  const { renderInit } = await import('./render/render-init.js');
  await renderInit(await init(request));
  return ExitCode.done;
}

async function runSnapshot(request: SnapshotRequest, reporter: Reporter): Promise<ExitCode> {
  const signal = abortOnInterrupt();
  const { snapshot } = await import('./commands/snapshot.js');
  const { renderSnapshot } = await import('./render/render-snapshot.js');
  const { checkWritable } = await import('./render/write-file.js');
  const { isStdout } = await import('./render/is-stdout.js');
  const output = request.output !== undefined && !isStdout(request.output) ? request.output : undefined;
  if (output !== undefined) await checkWritable(output);
  const onProgress = reporter.progress.bind(reporter);
  const answer = await snapshot(request, { signal, logger: reporter, onProgress });
  return renderSnapshot(answer, { ...request, output }, reporter, signal);
}

async function runVerify(request: VerifyRequest, reporter: Reporter): Promise<ExitCode> {
  const signal = abortOnInterrupt();
  const { verify } = await import('./commands/verify.js');
  const { renderVerify } = await import('./render/render-verify.js');
  const onProgress = reporter.progress.bind(reporter);
  const answer = await verify(request, { signal, logger: reporter, onProgress });
  return renderVerify(answer, request, reporter, signal);
}

async function runExplain(request: ExplainRequest, reporter: Reporter): Promise<ExitCode> {
  const { explain } = await import('./commands/explain.js');
  const { renderExplain } = await import('./render/render-explain.js');
  return renderExplain(await explain(request, reporter), request);
}

async function runCacheInfo(request: CacheInfoRequest, reporter: Reporter): Promise<ExitCode> {
  const { cacheInfo } = await import('./commands/cache-info.js');
  const { renderCacheInfo } = await import('./render/render-cache.js');
  await renderCacheInfo(await cacheInfo(request, reporter), request);
  return ExitCode.done;
}

async function runCacheClear(request: CacheClearRequest): Promise<ExitCode> {
  const { cacheClear } = await import('./commands/cache-clear.js');
  const { renderCacheCleared } = await import('./render/render-cache.js');
  await renderCacheCleared(await cacheClear(request));
  return ExitCode.done;
}

async function runHash(request: HashRequest, reporter: Reporter): Promise<ExitCode> {
  const signal = abortOnInterrupt();
  const { hash } = await import('./commands/hash.js');
  const { renderHash } = await import('./render/render-hash.js');
  return renderHash(hash(request, signal), reporter, signal);
}
