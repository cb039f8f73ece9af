import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { SECRET_REQUEST, SECRET_RESPONSE } from './messages';
import type { Message } from './protobuf';
import type { Service } from './service';

const NOT_FOUND = 5;

/**
 * Secrets for `RUN --mount=type=secret`, read when they are asked for.
 * @param secret the secret's bytes by its id; undefined where there is none: then the engine decides by `required`
 */
export function secrets(secret: (id: string) => Promise<Buffer | undefined>): Service {
  return {
    name: 'moby.buildkit.secrets.v1.Secrets',
    methods: {
      GetSecret: {
        request: SECRET_REQUEST,
        response: SECRET_RESPONSE,
        handle: (call: ServerUnaryCall<Message, Message>, callback: sendUnaryData<Message>) => {
          const id: string = call.request['id'] ?? '';
          secret(id).then(
            (data) =>
              data
                ? callback(null, { data })
                : callback({ code: NOT_FOUND, details: `secret ${id} not found` }),
            (error: Error) => callback({ details: `secret ${id} cannot be read: ${error.message}` }),
          );
        },
      },
    },
  };
}
