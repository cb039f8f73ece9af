import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** Passes connections on to a server, and cuts those that a test tells it to. */
export class CuttingProxy {
  /** After so many bytes to the server a connection is cut; for each connection the next one, then none is. */
  readonly cuts: number[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(target: string): Promise<CuttingProxy> {
    const [host, port] = target.split(':');
    const server = createServer((client) => proxy.pass(client, connect(Number(port), host)));
    const proxy = new CuttingProxy(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private pass(client: Socket, server: Socket): void {
    let sent = 0;
    const end = () => {
      client.destroy();
      // What has been passed on arrives.
      server.end();
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', end);
    }
    client.on('data', (bytes) => {
      server.write(bytes);
      sent += bytes.length;
      if (sent >= (this.cuts[0] ?? Infinity)) {
        this.cuts.shift();
        end();
      }
    });
    client.on('end', () => server.end());
    server.pipe(client);
  }
}
