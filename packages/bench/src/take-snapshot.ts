/** Takes one snapshot of the root it is given and prints what that took, for tests that need processes of their own. */
import { createSnapshot } from '@muse/snapshot';

const [root = '.'] = process.argv.slice(2);
const before = process.resourceUsage().maxRSS;
const { id, complete, stats, saveError } = await createSnapshot(root);
const grownKiB = process.resourceUsage().maxRSS - before;
const { files, hashedFiles } = stats;
console.log(JSON.stringify({ id, complete, files, hashedFiles, grownKiB, saveError: saveError?.message }));
