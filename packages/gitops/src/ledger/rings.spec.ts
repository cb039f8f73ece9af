import { GitopsError } from '../support/errors';
import { Rings } from './rings';

const RINGS = new Rings(['developers', 'testers', 'users']);
const ONE = new Rings(['developers']);

describe('rings', () => {
  it('come after ante and before post', () => {
    expect(RINGS.all).toEqual(['ante', 'developers', 'testers', 'users', 'post']);
    expect(RINGS.named).toEqual(['developers', 'testers', 'users']);
    expect(RINGS.first).toBe('developers');
  });

  it.each([
    ['ante', true],
    ['testers', true],
    ['post', true],
    ['constructor', false],
    ['Testers', false],
    ['', false],
  ])('have %s: %s', (ring, isThere) => {
    expect(RINGS.has(ring)).toBe(isThere);
  });

  it.each<[rings: Rings, ring: string, after: string | undefined]>([
    [RINGS, 'ante', 'developers'],
    [RINGS, 'developers', 'testers'],
    [RINGS, 'testers', 'users'],
    // Nobody works in post, so that nothing has to be kept apart from what it holds.
    [RINGS, 'users', undefined],
    [RINGS, 'post', undefined],
    [ONE, 'ante', 'developers'],
    [ONE, 'developers', undefined],
  ])('of $named, after %s comes %s', (rings, ring, after) => {
    expect(rings.after(ring)).toBe(after);
  });

  it.each([
    ['ante', ['ante', 'developers', 'testers', 'users', 'post']],
    ['developers', ['developers', 'testers', 'users', 'post', 'ante']],
    ['users', ['users', 'post', 'testers', 'developers', 'ante']],
    ['post', ['post', 'users', 'testers', 'developers', 'ante']],
  ])('are read through from %s', (ring, order) => {
    expect(RINGS.readingThrough(ring)).toEqual(order);
  });
});

describe('a ring to build for', () => {
  it.each<[named: string | undefined, ring: string]>([
    [undefined, 'developers'],
    ['ante', 'ante'],
    ['developers', 'developers'],
    ['users', 'users'],
  ])('%s is %s', (named, ring) => {
    expect(RINGS.target(named)).toBe(ring);
  });

  it.each([
    ['post', 'nothing is built for the ring post: it holds what was shifted off the last one'],
    ['tester', 'there is no ring tester'],
    ['', 'there is no ring '],
    ['constructor', 'there is no ring constructor'],
  ])('is not %j', (ring, message) => {
    const target = () => RINGS.target(ring);
    expect(target).toThrow(GitopsError);
    expect(target).toThrow(`${message}; use one of ante, developers, testers, users`);
  });
});
