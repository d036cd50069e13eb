import { createHash } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadNative } from '@muse/native';
import { built, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { hasNative } from './support/engine.js';

const folder = fileURLToPath(new URL('..', import.meta.url));
const binary = `${folder}build/linux-${process.arch}.node`;
const runs = (command: string) => spawnSync(command, ['--version']).status === 0;

it('is there wherever it can be built', () => {
  const buildable =
    process.platform === 'linux' &&
    ['x64', 'arm64'].includes(process.arch) &&
    ['cc', 'gcc', 'clang'].some(runs);
  if (buildable) expect(loadNative().reason).toBeUndefined();
  else expect(hasNative || loadNative().reason).not.toBe('');
});

// One that is built with sanitizers asks for their libraries.
describe.skipIf(!hasNative || process.env['MUSE_SANITIZE'])('the binary', () => {
  it.skipIf(!runs('nm'))('asks for nothing but Node-API, and weakly for OpenSSL', () => {
    const symbols = execFileSync('nm', ['-D', binary], { encoding: 'utf8' }).trim().split('\n');
    const others = symbols
      .map((line) => line.trim().replace(/^[0-9a-f]{8,} /, ''))
      .filter(
        (line) =>
          !/^U napi_|^w EVP_|^T (?:napi_register_module_v1|node_api_module_get_api_version_v1)$/.test(line),
      );
    expect(others).toEqual([]);
  });

  it.skipIf(!runs('readelf'))('needs no library, and no stack that can be executed', () => {
    const dynamic = execFileSync('readelf', ['-dW', binary], { encoding: 'utf8' });
    expect(dynamic).not.toMatch(/NEEDED|TEXTREL|RPATH|RUNPATH/);
    expect(execFileSync('readelf', ['-lW', binary], { encoding: 'utf8' })).toMatch(/GNU_STACK.* RW +0x/);
  });
});

describe('check-prebuilds', () => {
  const check = (prebuilds: string) => {
    const run = spawnSync(process.execPath, [`${folder}scripts/check-prebuilds.js`, prebuilds], {
      encoding: 'utf8',
    });
    return { status: run.status, problems: run.stderr.match(/(?<=@muse\/native: ).*(?=; run)/g) };
  };

  /** An ELF header with a machine, and nothing else that is looked at. */
  function elf(machine: number): Buffer {
    const bytes = Buffer.alloc(64);
    bytes.write('\x7fELF', 'latin1');
    bytes.writeUInt16LE(machine, 18);
    return bytes;
  }

  it('lets nothing be published without a binary for each processor, as its checksum says', async () => {
    await using place = tempDir();
    const there = ['linux-x64.node', 'linux-arm64.node'];
    const sums = (...digests: string[]) => {
      const lines = there.map((name, i) => `${digests[i] ?? ''}  ${name}\n`);
      writeFileSync(`${place.path}/SHA256SUMS`, lines.join(''));
    };
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(check(place.path)).toEqual({ status: 1, problems: there.map((name) => `there is no ${name}`) });
    writeFileSync(`${place.path}/linux-x64.node`, elf(62));
    writeFileSync(`${place.path}/linux-arm64.node`, elf(62));
    sums(digest(elf(62)), digest(elf(62)));
    expect(check(place.path)).toEqual({ status: 1, problems: ['linux-arm64.node is for another processor'] });
    writeFileSync(`${place.path}/linux-arm64.node`, elf(183));
    expect(check(place.path)).toEqual({
      status: 1,
      problems: ['linux-arm64.node is not what SHA256SUMS says'],
    });
    sums(digest(elf(62)), digest(elf(183)));
    expect(check(place.path)).toEqual({ status: 0, problems: null });
  });
});

describe.skipIf(!hasNative)('loadNative()', () => {
  /** A folder like that of the package, with what its self-test reads. */
  function fakePackage(path: string, content = 'abc') {
    mkdirSync(`${path}/build`);
    mkdirSync(`${path}/self-test/directory`, { recursive: true });
    writeFileSync(`${path}/self-test/file`, content);
    return `${path}/`;
  }

  it('loads a binary more than once', () => {
    expect(loadNative().native).toBeDefined();
    expect(loadNative().native).toBeDefined();
  });

  it('says why there is none', async () => {
    await using place = tempDir();
    const fake = fakePackage(place.path);
    expect(loadNative({ folder: fake }).reason).toBe(`there is no linux-${process.arch}.node in ${fake}`);
    writeFileSync(`${fake}build/linux-${process.arch}.node`, 'no binary');
    expect(loadNative({ folder: fake }).reason).toMatch(/^cannot use .*\.node: .+/);
  });

  it('takes a prebuilt one', async () => {
    await using place = tempDir();
    const fake = fakePackage(place.path);
    mkdirSync(`${fake}prebuilds`);
    copyFileSync(binary, `${fake}prebuilds/linux-${process.arch}.node`);
    expect(loadNative({ folder: fake }).native).toBeDefined();
  });

  it('uses none that fails its self-test', async () => {
    await using place = tempDir();
    const fake = fakePackage(place.path);
    copyFileSync(binary, `${fake}build/linux-${process.arch}.node`);
    writeFileSync(`${fake}self-test/more`, '');
    expect(loadNative({ folder: fake }).reason).toMatch(/self-test of .* failed: scan lists other names/);
  });

  it('says that it cannot hash where a known file gets another digest', async () => {
    await using place = tempDir();
    const fake = fakePackage(place.path, 'abd');
    copyFileSync(binary, `${fake}build/linux-${process.arch}.node`);
    expect(await loadNative({ folder: fake }).native?.canHash()).toBe(false);
  });

  it('says that it cannot hash where the known file cannot be opened', async () => {
    await using place = tempDir();
    const fake = fakePackage(place.path);
    copyFileSync(binary, `${fake}build/linux-${process.arch}.node`);
    const { native } = loadNative({ folder: fake });
    rmSync(`${fake}self-test`, { recursive: true });
    expect(await native?.canHash()).toBe(false);
  });

  it('loads none under the permission model that forbids it', () => {
    const code = `import(${JSON.stringify(built('@muse/native'))}).then((it) => console.log(it.loadNative().reason))`;
    const flag = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    const run = spawnSync(process.execPath, [flag, '--allow-fs-read=*', '-e', code], { encoding: 'utf8' });
    expect(run.stdout).toMatch(/^cannot use .*(?:disabled|permission)/i);
  });
});
