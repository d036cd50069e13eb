/** Edits so many files of a list, spread over it, or touches all: `edit.js <root> <list> <count | touch>`. */
import { readFileSync } from 'node:fs';
import { editFiles, touchFiles } from './edit-files.js';

const [root = '', list = '', what = ''] = process.argv.slice(2);
const names = readFileSync(list, 'latin1').split('\0').slice(0, -1);
if (what === 'touch') touchFiles(root, names);
else editFiles(root, names, Number(what));
