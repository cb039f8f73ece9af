import type { Entry } from '../entry';
import { BLOCK, FIXED_TIME, PAX_FLAG, TYPE_FLAGS, XATTR_RECORD, archiveName, padding } from './header';

const ZEROS = Buffer.alloc(2 * BLOCK);
const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;

/**
 * The tar archive of `entries`, in their order: a function of the entries alone, byte for byte.
 * A yielded chunk is only valid until the next one is asked for.
 */
export function* tarChunks(entries: Iterable<Entry>): Generator<Buffer> {
  for (const entry of entries) {
    yield header(entry);
    if (!entry.content) continue;
    yield* entry.content.chunks();
    const rest = padding(entry.content.size);
    if (rest) yield ZEROS.subarray(0, rest);
  }
  yield ZEROS;
}

function header(entry: Entry): Buffer {
  const name = splitName(archiveName(entry));
  const link = entry.link ?? '';
  const size = entry.content?.size ?? 0;
  const records: [string, string][] = [];
  if (!name) records.push(['path', archiveName(entry)]);
  if (!fits(link, 100)) records.push(['linkpath', link]);
  if (size > MAX_OCTAL_11) records.push(['size', String(size)]);
  if (entry.uid > MAX_OCTAL_7) records.push(['uid', String(entry.uid)]);
  if (entry.gid > MAX_OCTAL_7) records.push(['gid', String(entry.gid)]);
  const xattrs = Object.entries(entry.xattrs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

  const main = ustar({
    prefix: name?.prefix ?? '',
    name: name?.name ?? ascii(archiveName(entry)).slice(0, 100),
    mode: entry.mode,
    uid: entry.uid > MAX_OCTAL_7 ? 0 : entry.uid,
    gid: entry.gid > MAX_OCTAL_7 ? 0 : entry.gid,
    size: size > MAX_OCTAL_11 ? 0 : size,
    flag: TYPE_FLAGS[entry.type],
    link: ascii(link).slice(0, 100),
    device: entry.device,
  });
  if (records.length === 0 && xattrs.length === 0) return main;

  const body = Buffer.concat([
    ...records.map(([key, value]) => paxRecord(key, Buffer.from(value))),
    ...xattrs.map(([key, value]) => paxRecord(XATTR_RECORD + key, Buffer.from(value, 'latin1'))),
  ]);
  const paxName = ascii(`PaxHeaders.0/${entry.path.slice(entry.path.lastIndexOf('/') + 1)}`).slice(0, 100);
  const pax = ustar({
    prefix: '',
    name: paxName,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    flag: PAX_FLAG,
    link: '',
  });
  return Buffer.concat([pax, body, ZEROS.subarray(0, padding(body.length)), main]);
}

interface Ustar {
  prefix: string;
  name: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  flag: string;
  link: string;
  device?: Entry['device'];
}

function ustar(fields: Ustar): Buffer {
  // From Node's pool, as Buffer.alloc is not.
  const block = Buffer.allocUnsafe(BLOCK).fill(0);
  block.write(fields.name, 0, 100, 'latin1');
  octal(block, fields.mode, 100, 8);
  octal(block, fields.uid, 108, 8);
  octal(block, fields.gid, 116, 8);
  octal(block, fields.size, 124, 12);
  octal(block, FIXED_TIME, 136, 12);
  block.fill(' ', 148, 156);
  block.write(fields.flag, 156, 1, 'latin1');
  block.write(fields.link, 157, 100, 'latin1');
  block.write('ustar\x0000', 257, 8, 'latin1');
  if (fields.device) {
    octal(block, fields.device.major, 329, 8);
    octal(block, fields.device.minor, 337, 8);
  }
  block.write(fields.prefix, 345, 155, 'latin1');
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += block[i]!;
  block.write(sum.toString(8).padStart(6, '0') + '\0 ', 148, 8, 'latin1');
  return block;
}

function octal(block: Buffer, value: number, offset: number, width: number): void {
  block.write(value.toString(8).padStart(width - 1, '0') + '\0', offset, width, 'latin1');
}

/** Name and prefix of the ustar header, or undefined where the name does not fit. */
function splitName(path: string): { name: string; prefix: string } | undefined {
  if (fits(path, 100)) return { name: path, prefix: '' };
  if (!fits(path, 256)) return undefined;
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const name = path.slice(slash + 1);
    if (slash > 155) return undefined;
    if (slash > 0 && name.length > 0 && name.length <= 100) return { name, prefix: path.slice(0, slash) };
  }
  return undefined;
}

function fits(text: string, length: number): boolean {
  return text.length <= length && isAscii(text);
}

function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(text);
}

function ascii(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[^\x00-\x7f]/g, '_');
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.byteLength(key) + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')]);
}
