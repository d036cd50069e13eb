import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import { built, effort, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { decodeAll } from './support/canonical.js';
import { hostileTexts, padded } from './support/hostile-texts.js';

const SMALL = 2 ** 17;
/** A decoder that is quadratic takes 64 times as long for it. */
const LARGE = 8 * SMALL;

/** Decodes, and asks for paths in order and out of order, beside those that are there. */
function use(bytes: Buffer): void {
  for (const defer of [false, true]) {
    const result = defer ? jsonV3Codec.decode(bytes) : decodeAll(bytes);
    if ('discarded' in result) continue;
    const { contents } = result;
    for (let n = 0; n < 500; n++) {
      for (const letter of ['z', 'a', 'l', 'm', 'n']) contents.get(`${letter}${padded((n * 7919) % 500)}x`);
    }
    for (const [path] of contents.entries()) contents.has(path);
  }
}

/** Milliseconds of processor time: what other processes do is not in it. */
function costOf(text: string | Buffer): number {
  const bytes = Buffer.from(text as string);
  const started = process.cpuUsage();
  use(bytes);
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

const names = Object.keys(hostileTexts);

describe('any text', () => {
  it.each(names)('takes time in proportion to its size: %s', (name) => {
    const text = hostileTexts[name] ?? String;
    const small = Math.min(costOf(text(SMALL)), costOf(text(SMALL)));
    expect(costOf(text(LARGE))).toBeLessThan(8 * 3 * small + 150);
  });

  it.each([
    ...['empty objects', 'an array of empty objects', 'unknown keys in an entry', 'good entries'],
    ...[
      'one entry of many dimensions',
      'canonical lines, all damaged',
      'a canonical line of a long dimension',
    ],
  ])('takes memory in proportion to its size: %s', async (name) => {
    await using directory = tempDir();
    const file = join(directory.path, 'stat.json');
    writeFileSync(file, hostileTexts[name]?.(effort(16, 48) * 2 ** 20) ?? '');
    const program = `
      import { readFileSync } from 'node:fs';
      import { jsonV3Codec } from ${JSON.stringify(built('@muse/stat-cache/json-v3'))};
      const bytes = readFileSync(process.argv[1]);
      const before = process.resourceUsage().maxRSS;
      for (const defer of [false, true]) {
        let result = jsonV3Codec.decode(bytes);
        if (!defer && 'contents' in result) result = result.contents.verify?.() ?? result;
        let count = 0;
        if ('contents' in result) for (const [path] of result.contents.entries()) if (result.contents.has(path)) count++;
        if (count > 1_000_000) throw new Error('more entries than text');
      }
      console.log((process.resourceUsage().maxRSS - before) * 1024 / bytes.length);`;
    const flags = ['--max-old-space-size=150', '--input-type=module', '-e'];
    const times = Number(execFileSync(process.execPath, [...flags, program, file], { encoding: 'utf8' }));
    expect(times).toBeLessThan(6);
  });
});
