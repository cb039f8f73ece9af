/**
 * Just enough of Protocol Buffers' wire format (protobuf.dev/programming-guides/encoding) for the few messages
 * that BuildKit and a session exchange. A message is described by its fields; unknown fields are skipped.
 */
export type Schema = Readonly<Record<number, Field>>;

export interface Field {
  readonly name: string;
  /** `number` is a varint that fits a double, `bigint` one that need not (nanoseconds). */
  readonly type: 'string' | 'bytes' | 'bool' | 'number' | 'bigint' | 'map' | Schema;
  readonly repeated?: true;
}

/** A decoded message: absent fields are left out, maps are objects with Buffers as values. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the schema, not the type system, knows the fields
export type Message = Record<string, any>;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A string-to-bytes map is a repeated message of key and value. */
const MAP_ENTRY: Schema = { 1: { name: 'key', type: 'string' }, 2: { name: 'value', type: 'bytes' } };

export function encode(schema: Schema, message: Message): Buffer {
  const parts: Buffer[] = [];
  for (const [number, field] of Object.entries(schema)) {
    const value: unknown = message[field.name];
    if (value === undefined || value === null) continue;
    for (const item of items(field, value)) encodeField(parts, Number(number), field, item);
  }
  return Buffer.concat(parts);
}

function items(field: Field, value: unknown): unknown[] {
  if (field.type === 'map')
    return Object.entries(value as object).map(([key, item]) => ({ key, value: item }));
  return field.repeated ? (value as unknown[]) : [value];
}

function encodeField(parts: Buffer[], number: number, { type }: Field, value: unknown): void {
  if (type === 'number' || type === 'bigint' || type === 'bool') {
    const varint = typeof value === 'bigint' ? value : Number(value);
    // Zero is what an absent field means.
    if (varint) parts.push(encodeVarint((number << 3) | VARINT), encodeVarint(varint));
    return;
  }
  const bytes =
    type === 'string'
      ? Buffer.from(value as string)
      : type === 'bytes'
        ? (value as Buffer)
        : encode(type === 'map' ? MAP_ENTRY : type, value as Message);
  if (bytes.length === 0 && (type === 'string' || type === 'bytes')) return;
  parts.push(encodeVarint((number << 3) | BYTES), encodeVarint(bytes.length), bytes);
}

function encodeVarint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  if (typeof value === 'number' && value >= 0 && value <= 0x7fffffff) {
    for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
    bytes.push(value);
    return Buffer.from(bytes);
  }
  // A negative number takes ten bytes, as two's complement in 64 bits.
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** @throws RangeError where the bytes are cut off or malformed */
export function decode(schema: Schema, bytes: Buffer): Message {
  const message: Message = {};
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = Number(reader.varint());
    const field = schema[tag >>> 3];
    const wire = tag & 7;
    if (!field) reader.skip(wire);
    else if (wire === BYTES) put(message, field, decodeBytes(field, reader.bytes()));
    else if (wire === VARINT) put(message, field, decodeVarint(field, reader.varint()));
    else reader.skip(wire);
  }
  return message;
}

function put(message: Message, field: Field, value: unknown): void {
  if (field.type === 'map') {
    const { key = '', value: item = Buffer.alloc(0) } = value as { key?: string; value?: Buffer };
    (message[field.name] ??= {})[key] = item;
  } else if (field.repeated) (message[field.name] ??= []).push(value);
  else message[field.name] = value;
}

function decodeBytes({ type }: Field, bytes: Buffer): unknown {
  if (type === 'string') return bytes.toString('utf8');
  if (type === 'bytes') return bytes;
  if (type === 'map') return decode(MAP_ENTRY, bytes);
  if (typeof type === 'object') return decode(type, bytes);
  throw new RangeError('a number was expected');
}

function decodeVarint({ type }: Field, value: bigint): unknown {
  if (type === 'bool') return value !== 0n;
  const signed = BigInt.asIntN(64, value);
  return type === 'bigint' ? signed : Number(signed);
}

class Reader {
  private position = 0;

  constructor(private readonly source: Buffer) {}

  get done(): boolean {
    return this.position >= this.source.length;
  }

  varint(): bigint {
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      small |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(small);
    }
    let value = BigInt(small);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint is too long');
  }

  bytes(): Buffer {
    return this.take(Number(this.varint()));
  }

  skip(wire: number): void {
    if (wire === VARINT) this.varint();
    else if (wire === BYTES) this.bytes();
    else if (wire === FIXED64) this.take(8);
    else if (wire === FIXED32) this.take(4);
    else throw new RangeError(`wire type ${wire} is unknown`);
  }

  private byte(): number {
    return this.take(1)[0]!;
  }

  private take(length: number): Buffer {
    const end = this.position + length;
    if (length < 0 || end > this.source.length) throw new RangeError('the message is cut off');
    const taken = this.source.subarray(this.position, end);
    this.position = end;
    return taken;
  }
}
