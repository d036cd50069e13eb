#!/usr/bin/env node
// Every program that looks for muse asks for its version first: no grammar is loaded for that.
const [first, ...more] = process.argv.slice(2);
if (first === '--version' && more.length === 0) await import('./print-version.js');
else await import('./start.js');

export {};
