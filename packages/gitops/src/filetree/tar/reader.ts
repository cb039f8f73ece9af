import { fstatSync, readSync } from 'node:fs';
import { GitopsError } from '../../support/errors';
import type { EntryType } from '../entry';
import {
  BLOCK,
  GNU_LONG_LINK_FLAG,
  GNU_LONG_NAME_FLAG,
  PAX_FLAG,
  PAX_GLOBAL_FLAG,
  TYPE_FLAGS,
  XATTR_RECORD,
  padding,
} from './header';

/** What an archive says of one path; `offset` is where its bytes start in the (uncompressed) archive. */
export interface TarEntry {
  readonly path: string;
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly link?: string;
  readonly size: number;
  readonly offset: number;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs?: Readonly<Record<string, string>>;
  /** The file's bytes, where they were asked for. */
  readonly bytes?: Buffer;
}

/** The reader asks for bytes, asks to skip some, or has an entry; who drives it decides where bytes come from. */
type Step = { readonly take: number } | { readonly skip: number } | { readonly entry: TarEntry };

const MAX_EXTENSION = 8 * 1024 * 1024;
const CUT_FILE = 'it ends in the middle of a file';
const TYPES = new Map(Object.entries(TYPE_FLAGS).map(([type, flag]) => [flag, type as EntryType]));
TYPES.set('\0', 'file').set('7', 'file');

/**
 * Lists a tar file on disk; the bytes of its files are stepped over, not read.
 * @param name what errors call it
 * @throws GitopsError where it is no tar archive, or a broken one
 */
export function listTarFile(fd: number, name: string): TarEntry[] {
  const window = new FileWindow(fd);
  const entries: TarEntry[] = [];
  const steps = tarSteps(name);
  let input: Buffer | undefined;
  for (;;) {
    const { value, done } = input === undefined ? steps.next() : steps.next(input);
    input = undefined;
    if (done) return entries;
    if ('take' in value) input = window.take(value.take);
    else if ('skip' in value) window.skip(value.skip);
    else entries.push(value.entry);
  }
}

/** Whether a file that starts with these bytes is a tar archive. */
export function startsTar(start: Buffer): boolean {
  return start.length >= BLOCK && !isZero(start.subarray(0, BLOCK)) && hasRightSum(start.subarray(0, BLOCK));
}

/**
 * Lists a tar stream. It is read to its end, so that who checks its digest sees all of it.
 * @param wanted paths of small files whose bytes are kept
 */
export async function listTarStream(
  stream: AsyncIterable<Buffer>,
  name: string,
  wanted: ReadonlySet<string> = new Set(),
): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  const steps = tarSteps(name, wanted);
  let pending: Buffer[] = [];
  let held = 0;
  let toSkip = 0;
  let need = -1;
  let finished = false;

  const advance = (input?: Buffer): void => {
    let next = input === undefined ? steps.next() : steps.next(input);
    for (;;) {
      if (next.done) {
        finished = true;
        return;
      }
      if ('entry' in next.value) entries.push(next.value.entry);
      else if ('skip' in next.value) toSkip += next.value.skip;
      else {
        need = next.value.take;
        return;
      }
      next = steps.next();
    }
  };
  advance();
  for await (const chunk of stream) {
    if (finished) continue;
    pending.push(chunk);
    held += chunk.length;
    while (!finished && held > 0) {
      if (toSkip === 0 && held < need) break;
      const all = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
      const used = toSkip > 0 ? Math.min(toSkip, held) : need;
      const head = all.subarray(0, used);
      const rest = all.subarray(used);
      pending = rest.length ? [rest] : [];
      held = rest.length;
      if (toSkip > 0) toSkip -= used;
      else advance(Buffer.from(head));
    }
  }
  for (let rest = Buffer.concat(pending); !finished; rest = Buffer.alloc(0)) advance(rest);
  return entries;
}

function* tarSteps(
  name: string,
  wanted: ReadonlySet<string> = new Set(),
): Generator<Step, void, Buffer | undefined> {
  let position = 0;
  let globals: Record<string, Buffer> = {};
  let extended: Record<string, Buffer> = {};
  let longName: string | undefined;
  let longLink: string | undefined;

  for (;;) {
    const block = (yield { take: BLOCK }) ?? Buffer.alloc(0);
    position += BLOCK;
    if (block.length === 0) return;
    if (block.length < BLOCK) throw broken(name, position, 'it ends in the middle of a header');
    if (isZero(block)) return;
    if (!hasRightSum(block)) throw broken(name, position, 'a checksum is wrong');
    const header = position;
    const number = (offset: number, width: number): number =>
      checked(parseNumber(block, offset, width), name, header);
    const flag = String.fromCharCode(block[156]!);
    let size = number(124, 12);

    if ([PAX_FLAG, PAX_GLOBAL_FLAG, GNU_LONG_NAME_FLAG, GNU_LONG_LINK_FLAG].includes(flag)) {
      if (size > MAX_EXTENSION) throw broken(name, position, 'an extended header is too large');
      const body = (yield { take: size + padding(size) }) ?? Buffer.alloc(0);
      if (body.length < size) throw broken(name, position, 'it ends in the middle of a header');
      position += size + padding(size);
      const data = body.subarray(0, size);
      if (flag === PAX_FLAG) extended = { ...extended, ...paxRecords(data, name, position) };
      else if (flag === PAX_GLOBAL_FLAG) globals = { ...globals, ...paxRecords(data, name, position) };
      else if (flag === GNU_LONG_NAME_FLAG) longName = text(data);
      else longLink = text(data);
      continue;
    }

    const pax = { ...globals, ...extended };
    // An empty value takes away what was said before.
    const record = (key: string): string | undefined => pax[key]?.toString() || undefined;
    const decimal = (key: string): number | undefined =>
      record(key) === undefined ? undefined : checked(Number(record(key)), name, header);
    size = decimal('size') ?? size;
    const type = TYPES.get(flag);
    const path = record('path') ?? longName ?? ustarPath(block);
    const link = record('linkpath') ?? longLink ?? text(block.subarray(157, 257));
    const offset = position;
    // Types that this code does not know have a body, as POSIX asks.
    const length = type === 'file' || type === undefined ? size : 0;
    position += length + padding(length);
    const keep = type === 'file' && size <= MAX_EXTENSION && wanted.has(cleanPath(path));
    const bytes = keep ? Buffer.from((yield { take: length }) ?? Buffer.alloc(0)) : undefined;
    if (bytes && bytes.length < length) throw broken(name, header, CUT_FILE);
    if (type) {
      const xattrs = Object.entries(pax)
        .filter(([key]) => key.startsWith(XATTR_RECORD))
        .map(([key, value]) => [key.slice(XATTR_RECORD.length), value.toString('latin1')] as const);
      yield {
        entry: {
          path: cleanPath(path),
          // Archives older than ustar mark a directory by its name alone.
          type: type === 'file' && path.endsWith('/') ? 'directory' : type,
          mode: number(100, 8) & 0o7777,
          uid: decimal('uid') ?? number(108, 8),
          gid: decimal('gid') ?? number(116, 8),
          ...(type === 'symlink' ? { link } : type === 'hardlink' ? { link: cleanPath(link) } : {}),
          size: type === 'file' ? size : 0,
          offset,
          ...(type === 'character' || type === 'block'
            ? { device: { major: number(329, 8), minor: number(337, 8) } }
            : {}),
          ...(xattrs.length ? { xattrs: Object.fromEntries(xattrs) } : {}),
          ...(bytes ? { bytes } : {}),
        },
      };
    }
    if (!keep && length > 0) {
      yield { skip: length - 1 };
      // That the last byte is there tells that all of them are. What fills up the block may be missing at the end.
      if ((yield { take: 1 })?.length !== 1) throw broken(name, header, CUT_FILE);
    }
    if (padding(length) > 0) yield { skip: padding(length) };
    extended = {};
    longName = longLink = undefined;
  }
}

/** `./usr//bin/` → `usr/bin`; `..` never leaves the archive's root. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function ustarPath(block: Buffer): string {
  const name = text(block.subarray(0, 100));
  // GNU's own format keeps times where ustar has the prefix.
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block.subarray(345, 500)) : '';
  return prefix ? `${prefix}/${name}` : name;
}

function text(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? field.length : end);
}

/** An octal number, or GNU's base-256 where the first bit is set; NaN for anything else. */
function parseNumber(block: Buffer, offset: number, width: number): number {
  if (block[offset]! & 0x80) {
    let value = block[offset]! & 0x7f;
    for (let i = offset + 1; i < offset + width; i++) value = value * 256 + block[i]!;
    return value;
  }
  const digits = block.toString('latin1', offset, offset + width).replace(/^[\0 ]+|[\0 ]+$/g, '');
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
}

function checked(value: number, name: string, position: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw broken(name, position, 'a number in it is wrong');
  return value;
}

function paxRecords(data: Buffer, name: string, position: number): Record<string, Buffer> {
  const records: Record<string, Buffer> = {};
  let at = 0;
  while (at < data.length && data[at] !== 0) {
    const space = data.indexOf(' ', at);
    const length = space === -1 ? NaN : Number(data.toString('latin1', at, space));
    const equals = data.indexOf('=', space);
    const end = at + length;
    if (!Number.isSafeInteger(length) || end > data.length || equals === -1 || equals >= end || length <= 0)
      throw broken(name, position, 'an extended header is malformed');
    records[data.toString('utf8', space + 1, equals)] = data.subarray(equals + 1, end - 1);
    at = end;
  }
  return records;
}

function hasRightSum(block: Buffer): boolean {
  let sum = 8 * 32;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += block[i]!;
  return sum === parseNumber(block, 148, 8);
}

function isZero(block: Buffer): boolean {
  for (const byte of block) if (byte !== 0) return false;
  return true;
}

function broken(name: string, position: number, why: string): GitopsError {
  return new GitopsError(`the tar archive cannot be read near byte ${position}: ${why}`, { file: name });
}

/** Reads ahead, so that a run of small files costs one system call and large files are stepped over. */
class FileWindow {
  private readonly size: number;
  private position = 0;
  private start = 0;
  private window = Buffer.alloc(0);

  constructor(private readonly fd: number) {
    this.size = fstatSync(fd).size;
  }

  take(length: number): Buffer {
    const available = Math.max(0, Math.min(length, this.size - this.position));
    const at = this.position - this.start;
    if (at < 0 || at + available > this.window.length) {
      this.window = Buffer.alloc(
        Math.max(0, Math.min(Math.max(available, 64 * 1024), this.size - this.position)),
      );
      this.start = this.position;
      let read = 0;
      while (read < this.window.length) {
        const n = readSync(this.fd, this.window, read, this.window.length - read, this.start + read);
        if (n === 0) break;
        read += n;
      }
      this.window = this.window.subarray(0, read);
    }
    const from = this.position - this.start;
    this.position += available;
    return this.window.subarray(from, from + available);
  }

  skip(length: number): void {
    this.position += length;
  }
}
