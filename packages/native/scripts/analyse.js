// Runs gcc's static analyser over the engine; a finding is an error. By hand: the next gcc finds other things.
import { compile, findCompiler, folder } from './compile.js';
import process from 'node:process';

if (findCompiler() === undefined) throw new Error('Cannot analyse: there is no C compiler');
compile({
  compiler: 'gcc',
  processor: process.arch,
  output: `${folder}build/analysed`,
  extra: ['-fanalyzer'],
});
