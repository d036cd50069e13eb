import { makeTree, removeTree } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, muse, noTerminal, onTerminal } from './muse.js';

const escape = '\x1b';
let root: string;

beforeAll(async () => {
  root = await makeTree({
    'a\x1b[31m\x7f\u202e': 'a',
    ...(process.platform === 'linux' ? { '\udcff': 'b' } : {}),
  });
});

afterAll(() => removeTree(root));

async function shown(command: string, env: Record<string, string> = {}): Promise<string> {
  return (await onTerminal(command, { cwd: root, env })).stdout.toString().replaceAll('\r\n', '\n');
}

describe.skipIf(noTerminal)('muse on a terminal', () => {
  it('shows names without their control characters', async () => {
    const text = await shown('muse snapshot -q --format sha256sum');
    expect(text).toContain('  a\\x1b[31m\\x7f\\u{202e}\n');
    expect(text).not.toContain(escape);
  });

  it('shows JSON that is still the same JSON', async () => {
    const text = await shown('muse snapshot -q --json');
    expect(text).not.toMatch(/\x1b|\x7f|\u202e/); // eslint-disable-line no-control-regex
    const onPipe = await muse(['snapshot', '-q', '--json', '--threads', '1'], { cwd: root });
    const { manifest } = JSON.parse(onPipe.stdout.toString()) as { manifest: object };
    expect((JSON.parse(text) as { manifest: object }).manifest).toEqual(manifest);
  });

  it('colours messages, unless it is told not to', async () => {
    expect(await shown('muse hash missing')).toContain(escape);
    expect(await shown('muse hash missing', { NO_COLOR: '1' })).not.toContain(escape);
    expect(await shown('muse hash missing --color never')).not.toContain(escape);
    expect(await shown('muse hash missing', { TERM: 'dumb' })).not.toContain(escape);
    expect(await shown('muse hash missing --color always', { NO_COLOR: '1' })).toContain(escape);
  });
});

describe('muse without a terminal', () => {
  it('writes no escape sequence of its own', async () => {
    const run = await muse(['snapshot', 'missing'], { cwd: root });
    expect(run.stderr).not.toContain(escape);
  });

  it('colours messages when it is told to', async () => {
    const run = await muse(['snapshot', 'missing', '--color=always'], { cwd: root });
    expect(run.stderr).toContain(escape);
    expect(lines(run.stderr)).toHaveLength(1);
  });

  it('writes names raw', async () => {
    const run = await muse(['snapshot', '-q', '--format', 'sha256sum'], { cwd: root });
    expect(run.stdout.toString()).toContain('  a\x1b[31m\x7f\u202e\n');
  });
});
