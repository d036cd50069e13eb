// Compiles the engine for this machine, and once more with stops between its system calls for the tests. Without it
// everything works as well, so that nothing here fails a build. It is not for turbo's cache, which does not know when a
// compiler was installed.
import console from 'node:console';
import { readdirSync, statSync } from 'node:fs';
import process from 'node:process';
import { compile, findCompiler, folder } from './compile.js';

const { platform, arch } = process;
const sources = readdirSync(`${folder}src`).filter((name) => /\.[ch]$/.test(name));
const newest = Math.max(
  ...[...sources.map((name) => `src/${name}`), 'scripts/compile.js'].map((name) => changed(folder + name)),
);
const wanted = [
  { output: `${folder}build/linux-${arch}.node`, extra: [] },
  { output: `${folder}build/linux-${arch}.steps.node`, extra: ['-DMUSE_STEPS'] },
].filter(({ output }) => changed(output) <= newest);

if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
  console.log(`@muse/native: not built, there is none for ${platform} on ${arch}`);
} else if (wanted.length > 0) {
  const compiler = findCompiler();
  if (compiler === undefined) {
    console.log('@muse/native: not built, there is no C compiler (cc, gcc or clang)');
  } else {
    try {
      for (const { output, extra } of wanted) compile({ compiler, processor: arch, output, extra });
    } catch (error) {
      console.log(`@muse/native: not built, ${compiler} failed: ${error.stderr || error.message}`);
    }
  }
}

/** When a file was changed; an absent one never was. */
function changed(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
}
