import type { Context, ContextSource, TarMember } from '../context';
import type { FileEntry, ParityConfig } from '../image';

/** One container file with its context; what it must become is in truth.json under its name. */
export interface ParityCase extends ContextSource {
  name: string;
  containerfile: string;
  /** The files beside the container file; `writeContext` puts all of it on a disk. */
  context?: Context;
  dockerignore?: string;
  /** Images that have to be there before, by the reference that the container file uses. */
  images?: Record<string, ContextSource>;
  buildArgs?: Record<string, string>;
  target?: string;
  /** It must fail; the engine's error matches. */
  expectError?: true | RegExp;
  /**
   * It is about modes that git does not keep: a builder that sees the context as git does (files 0644 or 0755,
   * directories 0755) gives something else here, and is right.
   */
  contextModes?: true;
  /** The engine has to know this, which came after BuildKit 0.8; older ones are not asked. */
  needs?: 'heredoc';
  /** With `needs`: what the documentation says comes out, until an engine that knows it is asked. */
  documented?: Record<string, { content: string; mode?: number; uid?: number; gid?: number }>;
  documentedConfig?: ParityConfig;
  /** What our own builders give, or may give, other than the engine that the truth comes from. */
  differs?: Difference;
}

export interface Difference {
  because: string;
  /** The engine's way is right too: older and newer engines differ. */
  optional?: true;
  /** Refused. */
  error?: true;
  /** On top of the true files, just the fields that differ. */
  files?: Record<string, Partial<FileEntry> & { content?: string }>;
  /** Instead of the true fields. */
  config?: ParityConfig;
}

/** What only an engine can do is refused, and says so. */
export const needsEngine: Difference = { because: 'only an engine does it', error: true };

/** What `ADD base.tar /` makes the root of `onBase`: modes, owners and links as real bases have them. */
export const baseMembers: TarMember[] = [
  { name: 'bin', link: 'usr/bin' },
  { name: 'sbin', link: '/usr/sbin' },
  { name: 'lib', link: 'usr/lib' },
  { name: 'usr', directory: true },
  { name: 'usr/bin', directory: true },
  { name: 'usr/bin/tool', content: 'tool\n', mode: 0o755 },
  { name: 'usr/bin/su', content: 'su\n', mode: 0o4755 },
  { name: 'usr/sbin', directory: true },
  { name: 'usr/lib', directory: true },
  { name: 'etc', directory: true },
  {
    name: 'etc/passwd',
    content: [
      'root:x:0:0:root:/root:/bin/sh',
      'app:x:1000:1001:App:/home/app:/bin/sh',
      'nobody:x:65534:65534:nobody:/:/bin/false',
      '',
    ].join('\n'),
  },
  { name: 'etc/group', content: 'root:x:0:\nstaff:x:50:app\napp:x:1001:\nnogroup:x:65534:\n' },
  { name: 'tmp', directory: true, mode: 0o1777 },
  { name: 'home', directory: true },
  { name: 'home/app', directory: true, mode: 0o750, uid: 1000, gid: 1001 },
  { name: 'home/app/.profile', content: 'umask 022\n', uid: 1000, gid: 1001 },
  { name: 'run', directory: true },
  { name: 'var', directory: true },
  { name: 'var/run', link: '/run' },
  { name: 'var/tmp', link: '../tmp' },
  { name: 'srv', directory: true, mode: 0o2775, uid: 33, gid: 33 },
  { name: 'srv/index.html', content: 'from the base\n', mode: 0o664, uid: 33, gid: 33 },
  { name: 'srv/sub', directory: true, mode: 0o700, uid: 33, gid: 33 },
  { name: 'opt', directory: true },
  { name: 'opt/current', link: 'v2' },
  { name: 'opt/v2', directory: true },
  { name: 'opt/v2/file', content: 'second\n' },
  { name: 'opt/file-link', link: 'v2/file' },
  { name: 'opt/dangling', link: 'v3' },
  { name: 'opt/outside', link: '../../../../srv' },
  { name: 'opt/chain', link: 'current' },
  { name: 'opt/circle', link: 'circle' },
];

/** A case whose last stage starts from a base with links, owners and modes; `lines` follow. */
export function onBase(name: string, lines: string | string[], rest: Partial<ParityCase> = {}): ParityCase {
  const body = [lines].flat().join('\n');
  return {
    name,
    ...rest,
    containerfile: `FROM scratch AS base\nADD base.tar /\n\nFROM base\n${body}\n`,
    context: { 'base.tar': { tar: baseMembers }, ...rest.context },
  };
}

/** A case on an empty base. */
export function onScratch(
  name: string,
  lines: string | string[],
  rest: Partial<ParityCase> = {},
): ParityCase {
  return { name, ...rest, containerfile: `FROM scratch\n${[lines].flat().join('\n')}\n` };
}

/** A case with the whole container file. */
export function whole(name: string, lines: string | string[], rest: Partial<ParityCase> = {}): ParityCase {
  return { name, ...rest, containerfile: `${[lines].flat().join('\n')}\n` };
}

/** A few files and directories, enough for most sources. */
export const tree: Context = {
  'a.txt': 'a\n',
  'b.txt': 'b\n',
  'run.sh': { content: '#!/bin/sh\n', mode: 0o755 },
  'dir/one.txt': 'one\n',
  'dir/two.md': 'two\n',
  'dir/sub/deep.txt': 'deep\n',
  'dir/sub/bin.sh': { content: 'bin\n', mode: 0o755 },
  'dir/empty': { directory: true },
  'dir/.hidden': 'hidden\n',
  'data/a.txt': 'a of data\n',
};
