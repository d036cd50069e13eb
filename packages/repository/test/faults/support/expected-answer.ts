import { createHash } from 'node:crypto';
import { fsencode, sha256Id, type OracleAnswer } from '@muse/testkit';

/** Works out the snapshot of files whose contents are known, for trees that the oracle cannot reach or takes long for. */
export function expectedAnswer(contents: Iterable<readonly [path: string, content: string]>): OracleAnswer {
  const files = Array.from(contents, ([path, content]) => ({
    path,
    bytes: fsencode(path),
    id: sha256Id(content),
  }));
  files.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const hash = createHash('sha256');
  files.forEach(({ bytes, id }, index) =>
    hash
      .update(index === 0 ? '' : '\0')
      .update(bytes)
      .update(`\0${id}`),
  );
  return {
    id: `sha256:${hash.digest('hex')}`,
    manifest: new Map(files.map(({ path, id }) => [path, id])),
  };
}
