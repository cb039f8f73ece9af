import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { contentOf } from '../../src/oci/content';
import { Authorizer } from '../../src/oci/registry/authorizer';
import { certificatesFor } from '../../src/oci/registry/certificates';
import { SYSTEM_CLOCK } from '../../src/oci/registry/retry';
import { whenAvailable } from '../support/available';
import { makeCertificate } from './certificate';
import type { Certificate } from './certificate';
import { blob } from './fixtures';
import { RegistryFixture, failure } from './registry-fixture';
import { fail } from './scripted-registry';

const fixture = new RegistryFixture();
const CONTENT = blob('content');

afterEach(() => fixture.clear());

whenAvailable('openssl', 'TLS', () => {
  let own: Certificate;
  beforeAll(() => {
    own = makeCertificate();
  });
  afterAll(() => own.remove());

  it('of an unknown authority is not trusted, and the error says how to', async () => {
    const server = (await fixture.start(own)).hold(CONTENT);
    const asking = fixture.open(`https://${server.host}`).has(CONTENT.descriptor);
    await expect(asking).rejects.toEqual(
      failure(
        'untrusted',
        `certificate of ${server.host} is not trusted .*/etc/docker/certs.d/${server.host}/ca.crt`,
      ),
    );
    expect(fixture.pauses).toEqual([]);
  });

  it('of an authority that is named is trusted, and then spoken without saying so', async () => {
    const server = (await fixture.start(own)).hold(CONTENT);
    const repository = fixture.open(server.host, { caFile: own.certFile });
    expect(await repository.has(CONTENT.descriptor)).toBe(true);
  });

  it('is kept where a registry behind a proxy does not know of it', async () => {
    const server = await fixture.start(own);
    server.next(fail(404), fail(202, { location: `http://${server.host}/upload` }), fail(201));
    const repository = fixture.open(server.host, { caFile: own.certFile });
    await repository.push(CONTENT.descriptor, () => contentOf(CONTENT.bytes));
    expect(server.asked).toHaveLength(3);
  });

  it('is not left for a token', () => {
    const authorizer = new Authorizer(
      new URL('https://registry.example.com'),
      () => Promise.reject(new Error('looked up')),
      () => Promise.reject(new Error('sent')),
      SYSTEM_CLOCK,
    );
    const challenged = (realm: string) => () =>
      authorizer.challenged(`Bearer realm="${realm}"`, [], undefined);
    expect(challenged('http://tokens.example.com/')).toThrow(
      'registry.example.com sends for tokens to http://tokens.example.com, which is not safe',
    );
    expect(challenged('tokens')).toThrow('an invalid address');
    expect(challenged('https://tokens.example.com/')).not.toThrow();
  });

  it('of an authority in certs.d is trusted for its host', () => {
    const certsD = join(own.directory, 'certs.d');
    mkdirSync(join(certsD, 'registry.example.com:5000'), { recursive: true });
    copyFileSync(own.certFile, join(certsD, 'registry.example.com:5000/ca.crt'));
    expect(certificatesFor('registry.example.com:5000', undefined, [certsD]).ca).toContain(own.cert);
    expect(certificatesFor('other.example.com', undefined, [certsD])).toEqual({});
  });

  it('does not trust a file that is none', () => {
    expect(() => certificatesFor('x', own.keyFile, [])).toThrow('not a certificate in PEM form');
    expect(() => certificatesFor('x', join(own.directory, 'none'), [])).toThrow('does not exist');
  });
});

describe('a proxy', () => {
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'];
  const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  let proxy: Server;
  let connected: string[];

  beforeEach(async () => {
    connected = [];
    proxy = createServer((_, response) => response.writeHead(502).end());
    // The proxy knows every host: as the port on this machine.
    proxy.on('connect', (request, client) => {
      connected.push(request.url!);
      const server = connect(Number(request.url!.split(':')[1]), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        server.pipe(client).pipe(server);
      });
      for (const socket of [client, server]) socket.on('error', () => client.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    for (const name of names) delete process.env[name];
    process.env['HTTP_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    for (const name of names) delete process.env[name];
    Object.assign(
      process.env,
      Object.fromEntries(Object.entries(before).filter(([, value]) => value !== undefined)),
    );
    await new Promise((resolve) => {
      proxy.close(resolve);
      proxy.closeAllConnections();
    });
  });

  it('is used', async () => {
    const server = (await fixture.start()).hold(CONTENT);
    const host = `registry.invalid:${server.host.split(':')[1]}`;
    expect(await fixture.open(host, { insecure: true }).has(CONTENT.descriptor)).toBe(true);
    expect(connected).toEqual([host]);
  });

  it('is not used for this machine, nor for what NO_PROXY names', async () => {
    process.env['NO_PROXY'] = 'registry.invalid';
    const server = (await fixture.start()).hold(CONTENT);
    expect(await fixture.open(server.host).has(CONTENT.descriptor)).toBe(true);
    const other = fixture.open('registry.invalid', { insecure: true });
    await expect(other.has(CONTENT.descriptor)).rejects.toThrow('registry.invalid is unknown');
    expect(connected).toEqual([]);
  });
});

it('is not loaded before a request is made', () => {
  const script = `
    require('@swc-node/register');
    const { openRegistry } = require(${JSON.stringify(join(__dirname, '../../src/oci/registry/index.ts'))});
    openRegistry('registry.example.com').repository('a');
    process.stdout.write(String(Object.keys(require.cache).some((file) => file.includes('/undici/'))));`;
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('false');
});
