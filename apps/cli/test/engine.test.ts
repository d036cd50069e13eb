import { availableParallelism } from 'node:os';
import { makeTree, tempDir } from '@muse/testkit';
import { nativeEngine } from '@muse/walker/scan';
import { describe, expect, it, onTestFinished } from 'vitest';
import { muse } from './muse.js';

const hasNative = (await nativeEngine(undefined)) !== undefined;
const engines = hasNative ? ['typescript', 'native'] : ['typescript'];

describe('MUSE_ENGINE', () => {
  it.each(engines)('is what muse --version --debug names: %s', async (MUSE_ENGINE) => {
    const run = await muse(['--version', '--debug'], { env: { MUSE_ENGINE } });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout.toString()).toMatch(
      new RegExp(`^\\d+\\.\\d+\\.\\d+\\nengine: ${MUSE_ENGINE}\\b.*\\n$`),
    );
  });

  it('changes no answer', async () => {
    const directory = tempDir();
    onTestFinished(() => directory.remove());
    await makeTree({ '.muse/cache': {}, a: 'a', 'b/c': 'c', 'b/d/e': 'e' }, directory.path);
    const answers: object[] = [];
    for (const MUSE_ENGINE of engines) {
      for (const cache of [['--no-cache'], []]) {
        const { stdout, ...run } = await muse(['snapshot', '--json', '-q', ...cache], {
          cwd: directory.path,
          env: { MUSE_ENGINE },
        });
        const { stats, ...answer } = JSON.parse(stdout.toString()) as { stats: { files: number } };
        answers.push({ ...run, ...answer, files: stats.files });
      }
    }
    expect(answers.every((answer) => JSON.stringify(answer) === JSON.stringify(answers[0]))).toBe(true);
    expect(answers[0]).toMatchObject({ code: 0, stderr: '', complete: true, files: 3 });
  });

  it('with another value is wrong usage, and says which there are', async () => {
    const run = await muse(['snapshot'], { cwd: '/', env: { MUSE_ENGINE: 'rust' } });
    expect(run).toMatchObject({
      code: 2,
      stderr: 'muse: cannot choose an engine: MUSE_ENGINE is "rust"; set it to "native" or "typescript"\n',
    });
  });
});

describe('UV_THREADPOOL_SIZE', () => {
  const shown = "data:text/javascript,process.on('exit',()=>console.error(process.env.UV_THREADPOOL_SIZE))";

  it.each([
    ['has a thread for each processor and three more where it is not given', {}, availableParallelism() + 3],
    ['stays as it is given', { UV_THREADPOOL_SIZE: '7' }, 7],
  ])('%s', async (_, env, size) => {
    const options = { cwd: '/', env: { ...env, NODE_OPTIONS: `--import=${shown}` } };
    expect((await muse(['hash', '/dev/null/none'], options)).stderr).toContain(`\n${size}\n`);
  });
});
