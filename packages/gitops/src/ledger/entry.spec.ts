import fc from 'fast-check';
import { sha256 } from '../oci/digest';
import { entryTag, sequenceOf, sequencePrefix } from './entry';

const DIGEST = sha256(Buffer.from('entry'));

describe('the tag of an entry', () => {
  it('has its sequence and the start of its digest', () => {
    expect(entryTag(12, DIGEST)).toBe(`0000000012-${DIGEST.slice(7, 19)}`);
  });

  it('tells the sequence', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_999_999_999 }), (sequence) => {
        expect(sequenceOf(entryTag(sequence, DIGEST))).toBe(sequence);
      }),
    );
  });

  it.each([
    'latest',
    'followed',
    '0000000012',
    '0000000012-',
    '0000000012-3f2a',
    '0000000012-3F2AB1C4D5E6',
    '0000000012-3f2ab1c4d5e6f',
    '00000000012-3f2ab1c4d5e6',
    '000000012-3f2ab1c4d5e6',
    'x0000000012-3f2ab1c4d5e6',
    '0000000012-3f2ab1c4d5e6.sig',
    'sha256-3f2ab1c4d5e6',
    '1.2.3',
    '',
  ])('is not %j', (tag) => {
    expect(sequenceOf(tag)).toBeUndefined();
  });

  it('sorts by its sequence, and what stands before a sequence before all tags of it', () => {
    const sequence = fc.integer({ min: 1, max: 9_999_999_999 });
    fc.assert(
      fc.property(sequence, sequence, fc.string(), (a, b, text) => {
        const [lower, higher] = [Math.min(a, b), Math.max(a, b)];
        const tag = entryTag(higher, sha256(Buffer.from(text)));
        expect(sequencePrefix(higher) < tag).toBe(true);
        if (lower < higher) expect(entryTag(lower, DIGEST) < sequencePrefix(higher)).toBe(true);
      }),
    );
  });

  it.each([
    [0, '0000000000'],
    [-31, '0000000000'],
    [7, '0000000007'],
  ])('of sequence %i starts with %s', (sequence, prefix) => {
    expect(sequencePrefix(sequence)).toBe(prefix);
  });
});
