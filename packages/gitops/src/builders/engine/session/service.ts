import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { type Message, type Schema, decode, encode } from './protobuf';

/** One method of a service that this side of a session offers. */
export interface Method {
  readonly request: Schema;
  readonly response: Schema;
  /** Both sides send as many messages as they like. */
  readonly stream?: true;
  readonly handle: UntypedServiceImplementation[string];
}

/** A gRPC service: its name, and its methods by name. */
export interface Service {
  readonly name: string;
  readonly methods: Readonly<Record<string, Method>>;
}

/** The paths under which the engine looks for the methods: `/moby.filesync.v1.Auth/Credentials`. */
export function methodPaths(service: Service): string[] {
  return Object.keys(service.methods).map((method) => `/${service.name}/${method}`);
}

export function definition(service: Service): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service.methods).map(([name, { request, response, stream = false }]) => [
      name,
      {
        path: `/${service.name}/${name}`,
        requestStream: stream,
        responseStream: stream,
        ...codec('request', request),
        ...codec('response', response),
      },
    ]),
  ) as unknown as ServiceDefinition;
}

export function implementation(service: Service): UntypedServiceImplementation {
  return Object.fromEntries(Object.entries(service.methods).map(([name, { handle }]) => [name, handle]));
}

function codec(side: 'request' | 'response', schema: Schema): Record<string, unknown> {
  return {
    [`${side}Serialize`]: (message: Message) => encode(schema, message),
    [`${side}Deserialize`]: (bytes: Buffer) => decode(schema, bytes),
  };
}
