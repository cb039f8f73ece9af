import { connect } from 'node:net';
import type { sendUnaryData, ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { AGENT_REQUEST, BYTES_MESSAGE, EMPTY } from './messages';
import type { Message } from './protobuf';
import type { Service } from './service';

const NOT_FOUND = 5;
const UNAVAILABLE = 14;
const DEFAULT_ID = 'default';
const ID_KEY = 'buildkit.ssh.id';

/**
 * SSH agents for `RUN --mount=type=ssh`: bytes go to and fro, keys stay with the agent.
 * @param agents sockets by id; the mount's id is `default` where it names none
 */
export function ssh(agents: Readonly<Record<string, string>>): Service {
  const unknown = (id: string) => ({
    code: NOT_FOUND,
    details: `there is no SSH agent ${id}: start one and set SSH_AUTH_SOCK`,
  });
  return {
    name: 'moby.sshforward.v1.SSH',
    methods: {
      CheckAgent: {
        request: AGENT_REQUEST,
        response: EMPTY,
        handle: (call: ServerUnaryCall<Message, Message>, callback: sendUnaryData<Message>) => {
          const id: string = call.request['id'] || DEFAULT_ID;
          if (agents[id]) callback(null, {});
          else callback(unknown(id));
        },
      },
      ForwardAgent: {
        request: BYTES_MESSAGE,
        response: BYTES_MESSAGE,
        stream: true,
        handle: (call: ServerDuplexStream<Message, Message>) => {
          const id = String(call.metadata.get(ID_KEY)[0] ?? DEFAULT_ID);
          const agent = agents[id];
          if (agent) forward(call, agent);
          else call.emit('error', unknown(id));
        },
      },
    },
  };
}

function forward(call: ServerDuplexStream<Message, Message>, agent: string): void {
  const socket = connect(agent);
  call.on('data', (message: Message) => socket.write(message['data'] ?? Buffer.alloc(0)));
  call.on('end', () => socket.end());
  call.on('cancelled', () => socket.destroy());
  call.on('error', () => socket.destroy());
  socket.on('data', (data) => {
    if (call.write({ data })) return;
    socket.pause();
    call.once('drain', () => socket.resume());
  });
  socket.on('end', () => call.end());
  socket.on('error', (error) =>
    call.emit('error', {
      code: UNAVAILABLE,
      details: `the SSH agent at ${agent} does not answer: ${error.message}`,
    }),
  );
}
