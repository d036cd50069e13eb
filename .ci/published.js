// Once versions are raised, the documents speak of the registry: takes out what is said until then, and lets show what is
// said from then on. Part of `pnpm run version`; later it finds nothing to do.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const UNTIL = /<!-- until published -->\n[^]*?<!-- published -->\n\n?/g;
const FROM = /<!-- once published:\n\n([^]*?)\n-->\n/g;

const listed = execFileSync('git', ['ls-files', '-z', '*.md'], { encoding: 'utf8' });
// Changesets that have become a changelog are listed until that is committed.
for (const file of listed.split('\0').filter((name) => existsSync(name))) {
  const text = readFileSync(file, 'utf8');
  const published = text.replace(UNTIL, '').replace(FROM, '$1');
  if (published !== text) writeFileSync(file, published);
}
