import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { blobId } from './hash-file.js';
import { isObjectId } from './types.js';

describe('blobId', () => {
  it('is what sha256sum prints, in front of it the name of the algorithm', () => {
    expect(blobId(new Uint8Array())).toBe(
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(blobId(Buffer.from('hello'))).toBe(
      'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    );
  });

  it('takes the bytes of a view alone', () => {
    const bytes = new Uint8Array(1000).map((_, at) => at);
    const digest = createHash('sha256').update(bytes.slice(10, 500)).digest('hex');
    expect(blobId(bytes.subarray(10, 500))).toBe(`sha256:${digest}`);
    const shared = new Uint8Array(new SharedArrayBuffer(5));
    shared.set(Buffer.from('hello'));
    expect(blobId(shared)).toBe(blobId(Buffer.from('hello')));
  });
});

describe('isObjectId', () => {
  const digits = 'a0'.repeat(32);

  it('accepts what blobId gives', () => {
    expect(isObjectId(blobId(Buffer.from('x')))).toBe(true);
  });

  it.each([
    ...['', 'sha256', 'sha256:', digits, `sha256:${digits}0`, `sha256:${digits.slice(1)}`],
    ...[`sha256:${digits.toUpperCase()}`, `SHA256:${digits}`, `sha512:${digits}`, ` sha256:${digits}`],
    ...[`sha256:${digits}\n`, `sha256:${digits.slice(1)}g`, `sha256:${'٠'.repeat(64)}`],
  ])('refuses %j', (text) => {
    expect(isObjectId(text)).toBe(false);
  });
});
