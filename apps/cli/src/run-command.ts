import { ExitCode } from './exit-code.js';
import { abortOnInterrupt } from './interruption.js';
import { createReporter, type Reporter } from './render/reporter.js';
import type { HashRequest, InitRequest, SnapshotRequest } from './request.js';

/** Runs one command and renders what it gives; rejects with what ended it early. */
export async function runCommand(request: InitRequest | SnapshotRequest | HashRequest): Promise<ExitCode> {
  const reporter = createReporter(request);
  const finish = (): void => {
    reporter.finish();
  };
  // A second interrupt exits in the middle of anything; the cursor must come back even then.
  process.once('exit', finish);
  try {
    switch (request.command) {
      case 'init':
        return await runInit(request);
      case 'snapshot':
        return await runSnapshot(request, reporter);
      case 'hash':
        return await runHash(request, reporter);
    }
  } finally {
    finish();
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

async function runHash(request: HashRequest, reporter: Reporter): Promise<ExitCode> {
  const signal = abortOnInterrupt();
  const { hash } = await import('./commands/hash.js');
  const { renderHash } = await import('./render/render-hash.js');
  return renderHash(hash(request, signal), reporter, signal);
}
