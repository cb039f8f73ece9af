import fc from 'fast-check';
import { type Content, type Entry, bytes } from '../../src/filetree/entry';

export function content(text: string | Buffer): Content {
  const all = Buffer.from(text);
  return bytes(all, all.toString('base64'));
}

export function file(path: string, text: string | Buffer = path, rest: Partial<Entry> = {}): Entry {
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, content: content(text), ...rest };
}

export function dir(path: string, rest: Partial<Entry> = {}): Entry {
  return { path, type: 'directory', mode: 0o755, uid: 0, gid: 0, ...rest };
}

export function symlink(path: string, link: string, rest: Partial<Entry> = {}): Entry {
  return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, link, ...rest };
}

/** A name in a directory: letters of any script, blanks, dots, long ones; never `.` or `..`. */
export const anyName: fc.Arbitrary<string> = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 120 }),
    fc.constantFrom('a', 'b', ' ', '...', 'é', '\u{1f600}', '\uffee', '-', "it's", 'a\nb'),
  )
  .map((name) => name.replaceAll('/', '_').replaceAll('\0', '_'))
  .filter((name) => name !== '.' && name !== '..');

export const anyPath: fc.Arbitrary<string> = fc
  .array(anyName, { minLength: 1, maxLength: 5 })
  .map((names) => names.join('/'));

const id = fc.oneof(fc.nat(70_000), fc.constantFrom(0o7777777, 0o7777777 + 1, 2 ** 31, 2 ** 32 - 1));
const common = {
  path: anyPath,
  mode: fc.nat(0o7777),
  uid: id,
  gid: id,
  xattrs: fc.option(
    fc.dictionary(
      fc.constantFrom('user.a', 'user.é', 'security.capability', '__proto__', 'user.b c'),
      fc.uint8Array({ maxLength: 20 }).map((value) => Buffer.from(value).toString('latin1')),
      { minKeys: 1, maxKeys: 3, noNullPrototype: true },
    ),
    { nil: undefined, freq: 3 },
  ),
};
const link = fc.oneof(anyPath, fc.constantFrom('/', '..', '../x', './a//b', '/usr/bin/env', 'x'.repeat(101)));
const device = fc.record({ major: fc.nat(0o7777777), minor: fc.nat(0o7777777) });

/** Any entry that an archive may hold. */
export const anyEntry: fc.Arbitrary<Entry> = fc
  .oneof(
    fc.record({
      type: fc.constant('file' as const),
      ...common,
      content: fc.uint8Array({ maxLength: 1500 }).map((all) => content(Buffer.from(all))),
    }),
    fc.record({ type: fc.constant('directory' as const), ...common }),
    fc.record({ type: fc.constant('symlink' as const), ...common, link }),
    fc.record({ type: fc.constant('hardlink' as const), ...common, link: anyPath }),
    fc.record({ type: fc.constantFrom('character' as const, 'block' as const), ...common, device }),
    fc.record({ type: fc.constant('fifo' as const), ...common }),
  )
  .map(({ xattrs, ...entry }) => (xattrs ? { ...entry, xattrs } : entry));
