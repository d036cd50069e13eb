// Removes from the dist of each published package the files that an older build left: their names hold a digest of what is
// in them, and a build that turbo takes from its cache removes nothing.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const DIGEST = /-[\w-]{8}\.js$/;

const listed = execFileSync('git', ['ls-files', '-z', '*/*/package.json'], { encoding: 'utf8' });
for (const file of listed.split('\0').filter(Boolean)) {
  if (!JSON.parse(readFileSync(file, 'utf8')).private) prune(file.replace(/package\.json$/, 'dist'));
}

function prune(dist) {
  const scripts = readdirSync(dist).filter((name) => /\.c?js$/.test(name));
  const used = new Set(scripts.filter((name) => !DIGEST.test(name)));
  for (const name of used) {
    const text = readFileSync(join(dist, name), 'utf8');
    for (const other of scripts) if (text.includes(other)) used.add(other);
  }
  for (const name of scripts.filter((each) => !used.has(each))) {
    for (const file of [name, `${name}.map`]) rmSync(join(dist, file), { force: true });
  }
}
