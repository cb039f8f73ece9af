import fc from 'fast-check';
import { dir, file, symlink } from '../../test/support/entries';
import { GitopsError } from '../support/errors';
import type { Entry } from './entry';
import { followLinks } from './links';

function among(...entries: Entry[]): (path: string) => Entry | undefined {
  const all = new Map(entries.map((entry) => [entry.path, entry]));
  return (path) => all.get(path);
}

const tree = among(
  dir('usr'),
  dir('usr/bin'),
  symlink('bin', 'usr/bin'),
  symlink('abs', '/usr/bin'),
  symlink('up', '../../usr'),
  symlink('usr/here', '.'),
  symlink('usr/bin/sh', 'dash'),
  symlink('usr/bin/back', '../bin/../../bin'),
  symlink('nowhere', 'not/there'),
  symlink('self', 'self'),
  symlink('ping', 'pong'),
  symlink('pong', 'ping/x'),
  symlink('root', '/'),
  symlink('slashes', 'usr//bin///'),
  file('file'),
);

describe('followLinks', () => {
  it.each<[name: string, path: string, target: string]>([
    ['the root', '', ''],
    ['no link', 'usr/bin', 'usr/bin'],
    ['a link', 'bin', 'usr/bin'],
    ['what lies behind a link', 'bin/env', 'usr/bin/env'],
    ['the last part too', 'bin/sh', 'usr/bin/dash'],
    ['from the root', 'abs/sh', 'usr/bin/dash'],
    ['.. stays in the root', 'up', 'usr'],
    ['.. of the path stays in it too', '../../usr/../file', 'file'],
    ['a link to its own directory', 'usr/here/here/bin', 'usr/bin'],
    ['a link over a link', 'usr/bin/back', 'usr/bin'],
    [".. after a link is its target's parent", 'bin/../x', 'usr/x'],
    ['a link to nothing', 'nowhere/x', 'not/there/x'],
    ['what is missing stays', 'a/b/c', 'a/b/c'],
    ['a link to the root', 'root/usr', 'usr'],
    ['slashes and dots', './/usr/./bin/', 'usr/bin'],
    ['slashes in the link', 'slashes', 'usr/bin'],
    ['through a file', 'file/x', 'file/x'],
  ])('%s: %s', (_name, path, target) => {
    expect(followLinks(path, tree)).toBe(target);
  });

  it.each([
    ['a link to itself', 'self'],
    ['links to each other', 'ping'],
    ['what lies behind them', 'pong/x'],
  ])('a circle: %s', (_name, path) => {
    expect(() => followLinks(path, tree)).toThrow(`the symbolic links at ${path} go in a circle`);
  });

  it('follows forty links, as Linux does', () => {
    const chain = among(...Array.from({ length: 41 }, (_, i) => symlink(`l${i}`, `l${i + 1}`)));
    expect(followLinks('l1', chain)).toBe('l41');
    expect(() => followLinks('l0', chain)).toThrow(GitopsError);
  });

  it('ends at no link and inside, whatever the links, or finds a circle', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const target = fc
      .tuple(
        fc.constantFrom('', '/', '../', './'),
        fc.array(fc.constantFrom('a', 'b', 'c', '..', '.', ''), { minLength: 1, maxLength: 4 }),
      )
      .map(([start, parts]) => start + parts.join('/'))
      .filter((link) => link !== '');
    fc.assert(
      fc.property(fc.dictionary(path, target, { noNullPrototype: true }), path, (links, start) => {
        const get = (at: string): Entry | undefined =>
          Object.hasOwn(links, at) ? symlink(at, links[at]!) : undefined;
        try {
          const end = followLinks(start, get);
          const parts = end === '' ? [] : end.split('/');
          expect(parts).not.toContain('..');
          // Nothing on the way is a link any more.
          parts.forEach((_, i) => expect(get(parts.slice(0, i + 1).join('/'))).toBeUndefined());
          expect(followLinks(end, get)).toBe(end);
        } catch (error) {
          expect(error).toBeInstanceOf(GitopsError);
        }
      }),
    );
  });
});
