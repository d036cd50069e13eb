import { describe, expect, it } from 'vitest';
import { tempDir } from '@muse/testkit';
import { TrustedOwners, type OwnerFacts } from './muse-directory.js';

const OVERFLOW = 65534;

/** Returns which of these are trusted at the directory, and which above it. */
function trusted(facts: Partial<OwnerFacts>): { at: number[]; above: number[] } {
  const owners = new TrustedOwners({
    user: 1000,
    named: 1000,
    overflow: OVERFLOW,
    allMapped: true,
    ...facts,
  });
  const among = [0, 1000, 1001, 1002, OVERFLOW];
  return {
    at: among.filter((uid) => owners.trusts(uid, 'at')),
    above: among.filter((uid) => owners.trusts(uid, 'above')),
  };
}

const both = (...uids: number[]) => ({ at: uids, above: uids });

describe('TrustedOwners', () => {
  it('trusts the user, root and the owner of the directory', () => {
    expect(trusted({})).toEqual(both(0, 1000));
    expect(trusted({ named: 1001 })).toEqual(both(0, 1000, 1001));
    expect(trusted({ user: 0, named: 0 })).toEqual(both(0));
  });

  it('trusts whoever the caller names', () => {
    expect(trusted({ also: [1002, OVERFLOW] })).toEqual(both(0, 1000, 1002, OVERFLOW));
  });

  it('trusts who called sudo, where it is root who asks', () => {
    expect(trusted({ user: 0, named: 0, sudo: '1002' })).toEqual(both(0, 1002));
    expect(trusted({ user: 1000, named: 1000, sudo: '1002' })).toEqual(both(0, 1000));
  });

  it.each([
    '',
    ' 1002',
    '1002 ',
    '+1002',
    '-1',
    '0x3ea',
    '1e3',
    '1002.0',
    '4294967295',
    '99999999999',
    'NaN',
  ])('takes nobody from a SUDO_UID of %j', (sudo) => {
    const owners = new TrustedOwners({ user: 0, named: 0, sudo });
    for (const uid of [1000, 1002, 1, 4_294_967_295, 99_999_999_999]) {
      expect(owners.trusts(uid, 'at')).toBe(false);
    }
  });

  it('takes the overflow id for the same owner at the directory only', () => {
    const hidden = { allMapped: false };
    expect(trusted({ ...hidden, named: OVERFLOW })).toEqual({ at: [0, 1000, OVERFLOW], above: [0, 1000] });
    const outside = { ...hidden, user: OVERFLOW };
    expect(trusted({ ...outside, named: OVERFLOW })).toEqual({ at: [0, OVERFLOW], above: [0] });
    expect(trusted({ ...outside, named: 1000 })).toEqual(both(0, 1000));
    expect(trusted({ ...hidden, user: 0, named: 0, sudo: String(OVERFLOW) })).toEqual(both(0));
  });

  it('takes the overflow id for a user like another where no id is hidden', () => {
    expect(trusted({ user: OVERFLOW, named: 1000 })).toEqual(both(0, 1000, OVERFLOW));
    expect(trusted({ named: OVERFLOW })).toEqual(both(0, 1000, OVERFLOW));
  });

  it('trusts everybody where there are no user ids', () => {
    const owners = new TrustedOwners({ user: undefined, named: 0 });
    expect(owners.trusts(1000, 'above')).toBe(true);
  });

  it('looks up the owner of a directory', async () => {
    await using directory = tempDir();
    const owners = TrustedOwners.of(directory.path, [4242]);
    const user = process.geteuid?.() ?? 0;
    expect([user, 0, 4242].map((uid) => owners.trusts(uid, 'above'))).toEqual([true, true, true]);
    expect(owners.trusts(4243, 'at')).toBe(process.geteuid === undefined);
    expect(() => TrustedOwners.of(`${directory.path}/absent`)).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});
