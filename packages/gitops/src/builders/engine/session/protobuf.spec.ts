import { PACKET, PacketType, STAT } from './messages';
import { type Schema, decode, encode } from './protobuf';

const SCHEMA: Schema = {
  1: { name: 'text', type: 'string' },
  2: { name: 'count', type: 'number' },
  3: { name: 'nanos', type: 'bigint' },
  4: { name: 'flag', type: 'bool' },
  5: { name: 'parts', type: 'bytes', repeated: true },
  6: { name: 'labels', type: 'map' },
  16: { name: 'inner', type: { 1: { name: 'text', type: 'string' } } },
};

describe('protobuf', () => {
  it.each([
    // As in the format's documentation: field 2 with 150, field 1 with "testing".
    [{ count: 150 }, '109601'],
    [{ text: 'testing' }, '0a0774657374696e67'],
    [{ inner: { text: 'ä' } }, '8201040a02c3a4'],
    [{ flag: true }, '2001'],
    [{ parts: [Buffer.from([1]), Buffer.from([2, 3])] }, '2a01012a020203'],
    [{ count: 2 ** 40 }, '10808080808020'],
    [{ nanos: -1n }, '18ffffffffffffffffff01'],
    [{ labels: { a: Buffer.from('b') } }, '32060a01611201' + '62'],
  ])('reads and writes %p', (message, hex) => {
    expect(encode(SCHEMA, message).toString('hex')).toBe(hex);
    expect(decode(SCHEMA, Buffer.from(hex, 'hex'))).toEqual(message);
  });

  it('leaves out what is empty', () => {
    expect(encode(SCHEMA, { text: '', count: 0, flag: false, nanos: 0n, parts: [] })).toHaveLength(0);
    expect(decode(SCHEMA, Buffer.alloc(0))).toEqual({});
  });

  it('skips fields that it does not know', () => {
    const unknown = Buffer.from('58017d0100000071020000000000000062027878', 'hex');
    expect(decode(SCHEMA, Buffer.concat([unknown, encode(SCHEMA, { text: 'x' })]))).toEqual({ text: 'x' });
  });

  it('keeps a time in nanoseconds', () => {
    const packet = {
      type: PacketType.STAT,
      stat: { path: 'a', mode: 0x8000_0000 + 0o755, modTime: 499_162_500_123_456_789n },
    };
    expect(decode(PACKET, encode(PACKET, packet)).stat).toEqual(packet.stat);
  });

  it.each(['0a05', 'ff', '0affffffffffffffffff7f', '0b'])(
    'throws at what is cut off or malformed: %s',
    (hex) => {
      expect(() => decode(STAT, Buffer.from(hex, 'hex'))).toThrow(RangeError);
    },
  );
});
