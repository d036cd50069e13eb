import { treePathFromBytes } from '@muse/paths';
import { blobId, type ObjectId } from '@muse/stat-cache';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatManifest } from './format.js';
import { JsonReader } from './parse.js';
import { MAX_MANIFEST_BYTES, parseManifest, parseSnapshot } from './parse.js';
import { computeSnapshotId } from './manifest.js';
import type { Snapshot } from '../types.js';

const id = blobId(Buffer.from('x'));

function bytesOf(manifest: ReadonlyMap<string, ObjectId>, format: 'json' | 'ndjson'): Buffer {
  const problem = {
    path: '',
    kind: 'unreadable',
    operation: 'readdir',
    code: 'EACCES',
    message: 'No',
  } as const;
  const snapshot = {
    id: computeSnapshotId(manifest),
    manifest,
    complete: false,
    problems: [problem],
    stats: { bytes: 1 } as Snapshot['stats'],
  };
  return Buffer.concat([...formatManifest(snapshot, format)]);
}

/** A document of the one file `path`, with its right snapshot id. */
function documentOf(path: string, objectId: string): string {
  const snapshotId = computeSnapshotId(new Map([[path, objectId as ObjectId]]));
  return `{"version":1,"snapshot_id":"${snapshotId}","manifest":{${JSON.stringify(path)}:"${objectId}"}}`;
}

const names = [
  '💩',
  '\ue000',
  'b/c',
  '__proto__',
  'constructor',
  '2',
  '10',
  '"\n\\',
  'caf\udce9',
  'é',
  'e\u0301',
];

describe.each(['json', 'ndjson'] as const)('parseManifest of %s', (format) => {
  it('gives back what was written, in path order', () => {
    const parsed = parseManifest(bytesOf(new Map(names.map((name) => [name, id])), format));
    const expected = [
      '"\n\\',
      '10',
      '2',
      '__proto__',
      'b/c',
      'caf\udce9',
      'constructor',
      'e\u0301',
      'é',
      '\ue000',
      '💩',
    ];
    expect([...parsed]).toEqual(expected.map((name) => [name, id]));
  });

  it('gives back the empty manifest', () => {
    expect(parseManifest(bytesOf(new Map(), format)).size).toBe(0);
  });

  it('gives back any names', () => {
    const name = fc
      .uint8Array({ minLength: 3, maxLength: 6 })
      .map((bytes) => treePathFromBytes(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0xe9 : byte))));
    const manifests = fc
      .array(fc.tuple(name, fc.constantFrom(id, blobId(Buffer.of()))))
      .map((list) => new Map(list));
    fc.assert(
      fc.property(manifests, (manifest) => {
        expect(parseManifest(bytesOf(manifest, format))).toEqual(manifest);
      }),
    );
  });

  it('refuses any cut', () => {
    const bytes = bytesOf(new Map(names.map((name) => [name, id])), format);
    for (let length = 0; length < bytes.length - 1; length++) {
      expect(() => parseManifest(bytes.subarray(0, length))).toThrow(/^Cannot read the manifest: /);
    }
  });

  it('refuses a changed name or object id', () => {
    const text = bytesOf(new Map([['abc', id]]), format).toString('utf8');
    expect(() => parseManifest(Buffer.from(text.replace('abc', 'abd')))).toThrow(
      /"snapshot_id" is "sha256:.*the 1 files/,
    );
    expect(() => parseManifest(Buffer.from(text.replace(`"${id}"`, `"${blobId(Buffer.of())}"`)))).toThrow(
      /"snapshot_id" is/,
    );
  });
});

describe('parseManifest', () => {
  it('reads a document that another tool indented', () => {
    const text = bytesOf(new Map([['a', id]]), 'json').toString('utf8');
    expect(parseManifest(Buffer.from(JSON.stringify(JSON.parse(text), undefined, 2))).get('a')).toBe(id);
  });

  it.each([
    ['', /it is not JSON/],
    ['[]', /it is JSON, and must be an object/],
    ['{}', /"manifest" is missing, and must be an object/],
    ['{"manifest":[]}', /"manifest" is \[\], and must be an object/],
    ['{"manifest":{}}', /"version" is missing, and must be 1/],
    ['{"version":2,"manifest":{}}', /"version" is 2, and must be 1/],
    ['{"version":1,"manifest":{}}', /"snapshot_id" is missing, and the 0 files in it make "sha256:e3b0/],
    ['{"type":"file","path":"a"}', /in line 1: the object id of "a" is missing, and must be "sha256:"/],
    ['{"type":"file","path":1}', /in line 1: "path" is 1, and must be a string/],
    ['{"type":"link"}', /in line 1: "type" is "link", and must be "file"/],
    ['{"type":"problem"}\n{', /in line 2: it is not JSON/],
    ['{"type":"problem"}\n[]', /in line 2: it is \[\], and must be an object/],
    ['{"type":"snapshot"}\n{"type":"problem"}', /in line 2: the line of type "snapshot" must be the last/],
    ['{"type":"problem"}\n', /the line of type "snapshot" is missing/],
    [
      `{"type":"file","path":"a","object_id":"${id}"}\n`.repeat(2),
      /in line 2: "a" is there for the second time/,
    ],
    ['{"version":1,"version":1}', /the key "version" is there for the second time/],
    ['{"manifest":{},"manifest":{}}', /the key "manifest" is there for the second time/],
    ['{"manifest":{},"manif\\u0065st":{}}', /the key "manifest" is there for the second time/],
    [`{"manifest":{"a":"${id}","a":"${id}"}}`, /in "manifest": "a" is there for the second time/],
    ['{"x":[{"y":{"z":1,"z":1}}]}', /it is not JSON: the object at byte 5 has a key twice/],
    ['{"type":"problem","path":"a","path":"b"}', /the key "path" is there for the second time/],
    [
      '{"type":"problem"}\n{"type":"file","type":"file"}',
      /in line 2: the key "type" is there for the second/,
    ],
    [`{"x":${'['.repeat(200_000)}`, /it is not JSON: the value at byte 5 has more than 100 levels/],
    ['['.repeat(200_000), /it is not JSON: the value at byte 0 has more than 100 levels/],
    [`{"type":"problem"}\n{"x":${'{"x":'.repeat(200_000)}`, /in line 2: .* more than 100 levels/],
    [`{${Array.from({ length: 200 }, (_, i) => `"${i}":1`).join()}}`, /there are more than 100 keys/],
    ['{"x":1 "y":2}', /it is not JSON/],
    ['{"x":01}', /it is not JSON/],
    ['{"x":[1,,2]}', /it is not JSON/],
    ['{"x":"a\nb"}', /it is not JSON/],
    ['{"x":1}}', /it is not JSON: there is more after its end/],
  ])('refuses %j', (text, reason) => {
    expect(() => parseManifest(Buffer.from(text))).toThrow(reason);
  });

  it.each(['../a', '/a', 'a//b', '', 'a/', '\udcc3\udca9', 'a\0'])('refuses the path %j', (path) => {
    expect(() => parseManifest(Buffer.from(documentOf(path, id)))).toThrow(
      `Cannot read the manifest: in "manifest": Cannot use ${JSON.stringify(path)} as a tree path: `,
    );
  });

  it('takes a mark before the text for none of it', () => {
    const bytes = Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), bytesOf(new Map([['a', id]]), 'json')]);
    expect(parseManifest(bytes).get('a')).toBe(id);
  });

  it('refuses more bytes than are read, before it looks at them', () => {
    expect(() => parseManifest(new Uint8Array(MAX_MANIFEST_BYTES + 1))).toThrow(
      `it has ${MAX_MANIFEST_BYTES + 1} bytes, and ${MAX_MANIFEST_BYTES} are read at most`,
    );
  });

  it('reads what JSON.parse reads', () => {
    const json = fc.json({ maxDepth: 4 });
    fc.assert(
      fc.property(json, fc.constantFrom('', ' ', '\n\t'), (text, space) => {
        const text2 = space + text + space;
        const reader = new JsonReader(Buffer.from(text2));
        expect(reader.value()).toEqual(JSON.parse(text2));
        expect(reader.peek()).toBe('');
      }),
    );
  });

  it.each(['', 'x', id.toUpperCase(), id.slice(7), `${id}0`, `${id}\\n`])(
    'refuses the object id %j',
    (objectId) => {
      expect(() => parseManifest(Buffer.from(documentOf('a', objectId)))).toThrow(
        /the object id of "a" is "/,
      );
    },
  );

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseManifest(Buffer.of(0x7b, 0xff, 0x7d))).toThrow(/it is not UTF-8/);
  });
});

describe('parseSnapshot()', () => {
  it.each(['json', 'ndjson'] as const)('gives back what a %s manifest lacks', (format) => {
    const manifest = new Map([['a', id]]);
    expect(parseSnapshot(bytesOf(manifest, format))).toEqual({
      id: computeSnapshotId(manifest),
      manifest,
      complete: false,
      problems: [{ path: '', kind: 'unreadable', operation: 'readdir', code: 'EACCES', message: 'No' }],
    });
  });

  it('takes a manifest without a word about problems for complete', () => {
    const document = documentOf('a', id);
    expect(parseSnapshot(Buffer.from(document))).toMatchObject({ complete: true, problems: [] });
    const incomplete = document.replace('{', '{"complete":false,');
    expect(parseSnapshot(Buffer.from(incomplete))).toMatchObject({ complete: false, problems: [] });
  });

  it.each(['[{}]', '"x"', '[null]', '[{"path":1}]'])('refuses the problems %s', (problems) => {
    const document = Buffer.from(documentOf('a', id).replace('{', `{"problems":${problems},`));
    expect(() => parseSnapshot(document)).toThrow(/in problem 1: .* must be/);
    expect(parseManifest(document).size).toBe(1);
  });
});
