import { GitopsError } from '../../support/errors';

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);
const MAX_PORT = 65535;

/**
 * EXPOSE's words as the image configuration has them: `8080` is `8080/tcp`, `8000-8001/udp` is two ports.
 * @throws GitopsError for what is no port
 */
export function exposedPorts(words: readonly string[]): Record<string, object> {
  const ports = words.flatMap(expandPort).sort();
  return Object.fromEntries(ports.map((port) => [port, {}]));
}

function expandPort(word: string): string[] {
  // A port of the host before it is for `docker run`, and says nothing here.
  const [range = '', protocol = 'tcp', ...rest] = word.slice(word.lastIndexOf(':') + 1).split('/');
  const [first, last = first, ...more] = range.split('-');
  const from = port(first);
  const to = port(last);
  if (from === undefined || to === undefined || from > to || rest.length || more.length)
    throw new GitopsError(`EXPOSE ${word} is no port`, undefined, 'write 8080, 8080/udp or 8000-8010');
  if (!PROTOCOLS.has(protocol.toLowerCase()))
    throw new GitopsError(`EXPOSE ${word} names an unknown protocol`, undefined, 'use tcp, udp or sctp');
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}/${protocol.toLowerCase()}`);
}

function port(text: string | undefined): number | undefined {
  if (!text || !/^\d{1,5}$/.test(text) || Number(text) > MAX_PORT) return undefined;
  return Number(text);
}
