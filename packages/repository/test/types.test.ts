import { expect, it } from 'vitest';
import { compile } from './support/compile.js';

/** What a program can write that depends on one package alone. */
const program = `
import * as muse from '@muse/snapshot';
export type ObjectId = muse.Snapshot['id'];
export type IgnoreRules = Exclude<muse.SnapshotOptions['ignore'], false | undefined>;
export type StatCache = Exclude<muse.SnapshotOptions['cache'], false | undefined>;
export const rules: IgnoreRules = { ignores: (path, directory) => directory && path === 'build' };
export const options: muse.SnapshotOptions = { ignore: rules, signal: AbortSignal.timeout(1000) };
export const take = (root: string) => muse.createSnapshot(root, options);
export const idOf = (snapshot: muse.Snapshot): ObjectId => snapshot.id;
export const ruleOf = ({ rule }: muse.LeftOutError): string | undefined => rule?.pattern;
export const first = ({ problems }: muse.SnapshotIncompleteError): muse.Snapshot['problems'][number] | undefined => problems[0];
export const errors: (abstract new (...args: never[]) => Error & { readonly code: string })[] = [
  muse.LeftOutError,
  muse.NothingToCompareError,
  muse.SavedSnapshotError,
  muse.SnapshotIncompleteError,
];
`;

it('names every option, id, rule and error from @muse/snapshot alone', async () => {
  await expect(compile('@muse/snapshot', [program])).resolves.toHaveLength(1);
  await expect(compile('@muse/snapshot', [`${program}idOf({ id: 'sha256' });`])).rejects.toThrow('TS2322');
});
