/**
 * Looks for texts that the JSON v3 decoder takes wrongly: `node dist/fuzz-decoder.js [--seconds 60] [--seed 1]`. Exits
 * with 1 when it found some. `--file <path>` checks one text instead.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { check } from './fuzz-decoder/check.js';
import type { Finding } from './fuzz-decoder/fuzz.js';
import { fuzzWatched } from './fuzz-decoder/watched.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    file: { type: 'string' },
  },
});

const findings =
  values.file === undefined ? await run(Number(values.seed), Number(values.seconds)) : one(values.file);
for (const { fault, text } of findings) {
  const bytes = Buffer.from(text);
  console.log(`\n${fault}\n  ${JSON.stringify(bytes.toString('latin1'))} in Latin-1; as a file:`);
  console.log(`  base64 -d <<< ${bytes.toString('base64')} > finding.json`);
}
process.exitCode = findings.length > 0 ? 1 : 0;

async function run(seed: number, seconds: number): Promise<readonly Finding[]> {
  const { findings: found, slowest, ...counts } = await fuzzWatched(seed, seconds);
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  const figures = {
    seed,
    seconds,
    ...counts,
    slowestMs: Math.round(slowest),
    peakMiB,
    findings: found.length,
  };
  console.log(JSON.stringify(figures));
  return found;
}

function one(file: string): readonly Finding[] {
  const text = readFileSync(file);
  const { fault, kind } = check(text);
  console.log(kind);
  return fault === undefined ? [] : [{ fault, text }];
}
