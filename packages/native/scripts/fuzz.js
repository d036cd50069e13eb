// Builds the fuzz target with clang and runs it: `node scripts/fuzz.js [seconds] [folder of the corpus]`. By hand.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Buffer } from 'node:buffer';
import { folder } from './compile.js';

const place = mkdtempSync(join(tmpdir(), 'muse-fuzz-'));
const [seconds = '60', corpus = join(place, 'corpus')] = process.argv.slice(2);
const target = join(place, 'target');
const flags = '-std=c11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all'.split(' ');
execFileSync('clang', [...flags, `${folder}scripts/fuzz.c`, '-o', target], { stdio: 'inherit' });

mkdirSync(corpus, { recursive: true });
for (const [i, seed] of seeds().entries()) writeFileSync(join(corpus, `seed-${i}`), seed);
const options = [`-max_total_time=${seconds}`, '-max_len=4096', '-print_final_stats=1', '-verbosity=0'];
const run = spawnSync(target, [corpus, ...options], { stdio: 'inherit', cwd: tmpdir() });
process.exitCode = run.status ?? 1;

/** One of each kind that goes through to its end. */
function seeds() {
  const line = (key, end = ',\n') =>
    `"${key}":{"mtime":1710000000.000000000,"ctime":-0.999999999,"size":5,"ino":131,"object_hash":"sha256:` +
    `${'0123456789abcdef'.repeat(4)}","dimensions":{"a":"b"}}${end}`;
  const keys = ['a', 'a-b', 'b c', 'd\\"q', 'e\\\\x', 'f\\n', 'sub.c', 'sub/one', 'sub/two', 'é', '\\udcff'];
  const lines = Buffer.from(keys.map((key) => line(key)).join('') + line('z', '\n'));
  const mark = Buffer.alloc(16, 0xd0);
  const words = (...values) => Buffer.from(Uint32Array.from(values).buffer);
  const text = (value) =>
    Buffer.concat([Buffer.from(value), Buffer.alloc(8 - (Buffer.byteLength(value) % 8))]);
  const scanRequest = [
    mark,
    words(0, lines.length, 0, 0, 0, 0),
    text(''),
    mark,
    words(0, lines.length, 3, 0, 1, 0),
    text('sub'),
  ];
  const file = [mark, words(1, 0), text('a')];
  const hashRequest = [
    mark,
    words(2, 0),
    text(''),
    ...file,
    mark,
    words(3, 0),
    text('sub'),
    mark,
    words(1, 3),
    text('sub'),
    ...file,
  ];
  const input = (what, request, rest) => {
    const bytes = Buffer.concat(request);
    const head = Buffer.from([what, 0, 16, bytes.length & 255, bytes.length >> 8]);
    return Buffer.concat([head, bytes, rest]);
  };
  const digestRequest = [
    words(1, 0, lines.length, 0),
    words(2, 0, 3, 0),
    text('abc'),
    words(0, 1, 9, 0),
    words(3, 2, 4, 3),
    text('ab/'),
    text('c\0d'),
    Buffer.alloc(64),
  ];
  return [
    input(4, digestRequest, lines),
    input(0, scanRequest, lines),
    input(1, hashRequest, Buffer.alloc(0)),
    input(2, [], lines),
    // An escape that the end of the text cuts.
    ...[2, 3, 4, 5, 6].map((size) => input(3, [Buffer.of(0xff)], Buffer.from('"\\udcff').subarray(0, size))),
    ...['a', 'd"q', 'f\n', 'sub/one', 'é', '\xff'].map((path) =>
      input(3, [Buffer.from(path, path === '\xff' ? 'latin1' : 'utf8')], lines),
    ),
  ];
}
