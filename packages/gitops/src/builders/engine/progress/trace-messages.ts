import type { Schema } from '../session/protobuf';

/** BuildKit's status, as far as it is shown: field numbers are those of its published API. */
const TIMESTAMP: Schema = { 1: { name: 'seconds', type: 'number' }, 2: { name: 'nanos', type: 'number' } };

const VERTEX: Schema = {
  1: { name: 'digest', type: 'string' },
  3: { name: 'name', type: 'string' },
  4: { name: 'cached', type: 'bool' },
  5: { name: 'started', type: TIMESTAMP },
  6: { name: 'completed', type: TIMESTAMP },
  7: { name: 'error', type: 'string' },
};

const STATUS: Schema = {
  1: { name: 'id', type: 'string' },
  2: { name: 'vertex', type: 'string' },
  4: { name: 'current', type: 'number' },
  5: { name: 'total', type: 'number' },
  8: { name: 'completed', type: TIMESTAMP },
};

const LOG: Schema = {
  1: { name: 'vertex', type: 'string' },
  3: { name: 'stream', type: 'number' },
  4: { name: 'text', type: 'bytes' },
};

const POSITION: Schema = { 1: { name: 'line', type: 'number' } };
const RANGE: Schema = { 1: { name: 'start', type: POSITION } };

const WARNING: Schema = {
  1: { name: 'vertex', type: 'string' },
  3: { name: 'short', type: 'bytes' },
  4: { name: 'detail', type: 'bytes', repeated: true },
  5: { name: 'url', type: 'string' },
  7: { name: 'ranges', type: RANGE, repeated: true },
};

export const STATUS_RESPONSE: Schema = {
  1: { name: 'vertexes', type: VERTEX, repeated: true },
  2: { name: 'statuses', type: STATUS, repeated: true },
  3: { name: 'logs', type: LOG, repeated: true },
  4: { name: 'warnings', type: WARNING, repeated: true },
};

export interface Timestamp {
  readonly seconds?: number;
  readonly nanos?: number;
}

export interface StatusResponse {
  readonly vertexes?: readonly {
    readonly digest: string;
    readonly name?: string;
    readonly cached?: boolean;
    readonly started?: Timestamp;
    readonly completed?: Timestamp;
    readonly error?: string;
  }[];
  readonly statuses?: readonly {
    readonly id?: string;
    readonly vertex: string;
    readonly current?: number;
    readonly total?: number;
    readonly completed?: Timestamp;
  }[];
  readonly logs?: readonly { readonly vertex: string; readonly stream?: number; readonly text?: Buffer }[];
  readonly warnings?: readonly {
    readonly short?: Buffer;
    readonly url?: string;
    readonly ranges?: readonly { readonly start?: { readonly line?: number } }[];
  }[];
}
