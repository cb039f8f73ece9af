// A proxy in front of a registry, which tells what it is asked.
import { createServer, request as httpRequest } from 'node:http';

/** Passes everything on to a registry, and keeps what was asked for: `HEAD /v2/…`. */
export async function countingProxy(host) {
  const [hostname, port] = host.split(':');
  const proxy = { requests: [], reset: () => (proxy.requests = []) };
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    proxy.requests.push(`${method} ${path}`);
    const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.host = `127.0.0.1:${server.address().port}`;
  proxy.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return proxy;
}
