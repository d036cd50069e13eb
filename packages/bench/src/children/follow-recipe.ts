/** Makes a tree and lists it, and prints what there is: `follow-recipe.js <recipe> <root> <lists>`, two of them as JSON. */
import { follow, type Recipe } from '../trees/recipe.js';
import { listFiles, type FileLists } from '../trees/list-files.js';

const [recipe = '', root = '', lists = ''] = process.argv.slice(2);
follow(JSON.parse(recipe) as Recipe, root);
console.log(JSON.stringify(await listFiles(root, JSON.parse(lists) as FileLists)));
