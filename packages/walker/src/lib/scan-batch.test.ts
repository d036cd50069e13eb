import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packReply, unpackReply, type ScanReply } from './scan-batch.js';

function replyOf(names: readonly string[], notes?: Uint32Array): ScanReply {
  const kinds = new Uint8Array(names.length);
  return {
    names,
    kinds,
    stats: new BigInt64Array(names.length * 6),
    notes,
    counts: [names.length],
    remarks: [],
  };
}

it('a message makes the same reply again, whatever the names', () => {
  const names = fc.array(
    fc.string({ minLength: 1, unit: 'binary' }).map((name) => name.replaceAll('\0', '_')),
  );
  fc.assert(
    fc.property(names, (all) => {
      const reply = replyOf(all);
      expect(unpackReply(structuredClone(packReply(reply).value))).toEqual(reply);
    }),
  );
});

it('a message hands over the memory of all that is large', () => {
  const [bare, noted] = [replyOf(['a']), replyOf(['a'], Uint32Array.of(1))];
  expect(packReply(bare).transfer).toEqual([bare.kinds.buffer, bare.stats.buffer]);
  expect(packReply(noted).transfer).toEqual([noted.kinds.buffer, noted.stats.buffer, noted.notes?.buffer]);
});
