import { GitopsError } from '../../support/errors';
import { exposedPorts } from './ports';

describe('exposedPorts', () => {
  it.each<[words: string[], ports: string[]]>([
    [[], []],
    [['8080'], ['8080/tcp']],
    [
      ['53/udp', '53/tcp'],
      ['53/tcp', '53/udp'],
    ],
    [['80/TCP'], ['80/tcp']],
    [['132/sctp'], ['132/sctp']],
    [['8000-8002'], ['8000/tcp', '8001/tcp', '8002/tcp']],
    [['8000-8000/udp'], ['8000/udp']],
    [['127.0.0.1:80:8080'], ['8080/tcp']],
    [['0'], ['0/tcp']],
    [['65535'], ['65535/tcp']],
    [['80', '80'], ['80/tcp']],
  ])('%j', (words, ports) => {
    expect(exposedPorts(words)).toEqual(Object.fromEntries(ports.map((port) => [port, {}])));
    expect(Object.keys(exposedPorts(words))).toEqual(ports);
  });

  it.each<[word: string, what: string]>([
    ['http', 'EXPOSE http is no port'],
    ['', 'EXPOSE  is no port'],
    ['65536', 'EXPOSE 65536 is no port'],
    ['8002-8000', 'EXPOSE 8002-8000 is no port'],
    ['1-2-3', 'EXPOSE 1-2-3 is no port'],
    ['-5', 'EXPOSE -5 is no port'],
    ['80/tcp/udp', 'EXPOSE 80/tcp/udp is no port'],
    ['80/icmp', 'EXPOSE 80/icmp names an unknown protocol'],
    ['80/', 'EXPOSE 80/ names an unknown protocol'],
    ['1e3', 'EXPOSE 1e3 is no port'],
  ])('"%s" is an error', (word, what) => {
    expect(() => exposedPorts([word])).toThrow(GitopsError);
    expect(() => exposedPorts([word])).toThrow(what);
  });
});
