import type { Entry } from '../../src/filetree/entry';
import { BLOCK, padding } from '../../src/filetree/tar/header';
import { tarChunks } from '../../src/filetree/tar/writer';

/** What tarChunks writes, all at once. */
export function tarOf(entries: Iterable<Entry>): Buffer {
  return Buffer.concat([...tarChunks(entries)].map((chunk) => Buffer.from(chunk)));
}

export interface RawMember {
  readonly name?: string | Buffer;
  readonly mode?: string | Buffer;
  readonly uid?: string | Buffer;
  readonly gid?: string | Buffer;
  readonly size?: string | Buffer;
  readonly flag?: string;
  readonly link?: string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly body?: string | Buffer;
}

/** A member of an archive, field by field as it is stored, its checksum put right. */
export function rawMember(member: RawMember): Buffer {
  const { body = '', magic = 'ustar\x0000' } = member;
  const data = Buffer.from(body);
  const block = Buffer.alloc(BLOCK);
  const put = (field: string | Buffer, at: number): void => void Buffer.from(field).copy(block, at);
  put(member.name ?? 'name', 0);
  put(member.mode ?? '0000644\0', 100);
  put(member.uid ?? '0000000\0', 108);
  put(member.gid ?? '0000000\0', 116);
  put(member.size ?? `${data.length.toString(8).padStart(11, '0')}\0`, 124);
  put('00000000000\0', 136);
  put(member.flag ?? '0', 156);
  put(member.link ?? '', 157);
  put(magic, 257);
  put(member.prefix ?? '', 345);
  return Buffer.concat([withChecksum(block), data, Buffer.alloc(padding(data.length))]);
}

/** The end of an archive. */
export const END = Buffer.alloc(2 * BLOCK);

export function withChecksum(header: Buffer): Buffer {
  const block = Buffer.from(header);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** `9 key=value\n`. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  while (Buffer.byteLength(`${length} ${key}=${value}\n`) !== length) length++;
  return `${length} ${key}=${value}\n`;
}
