import type { Schema } from './protobuf';

/**
 * The messages of a build session, as far as this side of it speaks them: field numbers are the protocol.
 * Sources: grpc.io/docs/guides/health-checking, and the protocol definitions that BuildKit and fsutil publish.
 */
export const EMPTY: Schema = {};

export const HEALTH_REQUEST: Schema = { 1: { name: 'service', type: 'string' } };
export const HEALTH_RESPONSE: Schema = { 1: { name: 'status', type: 'number' } };
export const SERVING = 1;

export const CREDENTIALS_REQUEST: Schema = { 1: { name: 'host', type: 'string' } };
export const CREDENTIALS_RESPONSE: Schema = {
  1: { name: 'username', type: 'string' },
  2: { name: 'secret', type: 'string' },
};

export const SECRET_REQUEST: Schema = { 1: { name: 'id', type: 'string' } };
export const SECRET_RESPONSE: Schema = { 1: { name: 'data', type: 'bytes' } };

export const AGENT_REQUEST: Schema = { 1: { name: 'id', type: 'string' } };
export const BYTES_MESSAGE: Schema = { 1: { name: 'data', type: 'bytes' } };

/** What a file is, by name; `mode` has the bits of Go's os.FileMode. */
export const STAT: Schema = {
  1: { name: 'path', type: 'string' },
  2: { name: 'mode', type: 'number' },
  3: { name: 'uid', type: 'number' },
  4: { name: 'gid', type: 'number' },
  5: { name: 'size', type: 'number' },
  6: { name: 'modTime', type: 'bigint' },
  7: { name: 'linkname', type: 'string' },
  10: { name: 'xattrs', type: 'map' },
};

export const PACKET: Schema = {
  1: { name: 'type', type: 'number' },
  2: { name: 'stat', type: STAT },
  3: { name: 'id', type: 'number' },
  4: { name: 'data', type: 'bytes' },
};

export const PacketType = { STAT: 0, REQUEST: 1, DATA: 2, FINISH: 3, ERROR: 4 } as const;
