#!/usr/bin/env node
// Every Node since 10 must be able to parse this file, and it must need no other file to fail: nothing is imported before
// this Node is known to do, and what is missing or damaged then is told of from here.

const { node } = process.versions;
const [major = 0, minor = 0] = node.split('.').map(Number);
const isOld = major < 20 || (major === 20 && minor < 19) || !('getBuiltinModule' in process);

if (isOld) {
  fail(`it needs Node 20.19 or 22.3, or a newer one, and this is Node ${node}`);
} else {
  // Every program that looks for muse asks for its version first: no grammar is loaded for that.
  const isVersion = process.argv.length === 3 && process.argv[2] === '--version';
  const part = isVersion ? import('./version.js') : import('./start.js');
  part
    .then(({ start }) => start())
    .then(leave)
    .catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      const [reason = ''] = String(error).split('\n');
      const isShort = code === 'EMFILE' || code === 'ENFILE';
      const advice = isShort ? 'raise the limit on open files (ulimit -n)' : 'reinstall @muse/cli';
      fail(`cannot load a part of the program: ${reason}; ${advice}`);
    });
}

/** Ends the process where nothing keeps it alive any more: Node would take its heap apart first. */
function leave(): void {
  if (process.getActiveResourcesInfo().length === 0) process.exit();
}

function fail(reason: string): void {
  process.exitCode = 4;
  // Nobody is left to hear that stderr is closed.
  process.stderr.on('error', () => undefined);
  process.stderr.write(`muse: ${reason}\n`);
}
