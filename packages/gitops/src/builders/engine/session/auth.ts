import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { CREDENTIALS_REQUEST, CREDENTIALS_RESPONSE } from './messages';
import type { Message } from './protobuf';
import type { Service } from './service';

export interface Credentials {
  readonly username: string;
  /** A password, or a token where the user is empty. */
  readonly secret: string;
}

/** The host under which Docker Hub is reached is not the one that its credentials are kept under. */
const HUB = 'registry-1.docker.io';

/**
 * Credentials for a registry, when the engine asks for them: each registry's own, nothing for a host that the
 * user is not logged in to. The methods by which a client would fetch tokens are left out: the engine then does.
 */
export function auth(credentials: (host: string) => Promise<Credentials | undefined>): Service {
  return {
    name: 'moby.filesync.v1.Auth',
    methods: {
      Credentials: {
        request: CREDENTIALS_REQUEST,
        response: CREDENTIALS_RESPONSE,
        handle: (call: ServerUnaryCall<Message, Message>, callback: sendUnaryData<Message>) => {
          const host: string = call.request['host'] ?? '';
          credentials(host === HUB ? 'docker.io' : host).then(
            (found) => callback(null, { ...found }),
            (error: Error) => callback({ details: `no credentials for ${host}: ${error.message}` }),
          );
        },
      },
    },
  };
}
