import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from '../oci/certificate';
import { type RunningRegistry, freePort, startDockerRegistry } from '../oci/docker-registry';
import { TokenServer } from '../oci/token-server';
import { whenAvailable } from '../support/available';
import { NEEDS_BASE, complaints, succeeds } from './complaints';
import { useMachine } from './each-store';
import { Shop } from './fixture';

const SECRET = 's3cret!';
const directory = useMachine();
const shopAt = (location: string): Shop => new Shop(directory(), location);

/** Has the run log in to a registry; nobody else of this machine does. */
function logIn(host?: string, user = 'ann', password = SECRET): void {
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  const file = join(directory(), 'auth.json');
  writeFileSync(file, JSON.stringify({ auths: host === undefined ? {} : { [host]: { auth } } }));
  process.env['REGISTRY_AUTH_FILE'] = file;
}

beforeEach(() => logIn());
afterAll(() => delete process.env['REGISTRY_AUTH_FILE']);

describe('a push to nobody', () => {
  it('says that the host is unknown', async () => {
    expect(await complaints(shopAt('http://registry.invalid').push())).toEqual({
      all: 'the host registry.invalid is unknown; check its name and the network',
    });
  });

  it('says that nobody listens', async () => {
    const host = `127.0.0.1:${await freePort()}`;
    expect(await complaints(shopAt(`http://${host}`).push())).toEqual({
      all: `${host} refuses the connection; check that it runs, and its port`,
    });
  });
});

whenAvailable('docker-registry', 'a push to a registry that asks for a password', () => {
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry({ user: 'ann', password: SECRET });
  });
  afterAll(() => registry.stop());

  it('says how to log in, with no password or a wrong one, and then goes well', async () => {
    const shop = shopAt(`http://${registry.host}`);
    expect(await complaints(shop.push())).toEqual({
      all: `no credentials for ${registry.host}; docker login ${registry.host}`,
    });
    logIn(registry.host, 'ann', 'wrong!');
    expect(await complaints(shop.push(), SECRET, 'wrong!')).toEqual({
      all: `${registry.host} does not accept the credentials; docker login ${registry.host}`,
    });
    logIn(registry.host);
    await succeeds(shop);
  });
});

const PROGRAMS = ['docker-registry', 'openssl'];

whenAvailable(PROGRAMS, 'a push to a registry with rights', () => {
  let tokens: TokenServer;
  let registry: RunningRegistry;
  beforeAll(async () => {
    tokens = await TokenServer.start({
      ann: { password: SECRET, rights: ['pull', 'push'] },
      bob: { password: SECRET, rights: ['pull'] },
    });
    registry = await startDockerRegistry({ tokens });
  });
  afterAll(async () => {
    await registry.stop();
    await tokens.stop();
  });

  it('says who denies what to who may only read, and then goes well', async () => {
    const shop = shopAt(`http://${registry.host}`);
    logIn(registry.host, 'bob');
    const denied = `${registry.host} denies access to ${registry.host}/acme/shop/`;
    const failed = await complaints(shop.push(), SECRET);
    expect(failed).toMatchObject(NEEDS_BASE);
    expect(failed['base']).toMatch(new RegExp(`^base/Containerfile: ${denied}base@sha256:.*; ask its owner`));
    logIn(registry.host);
    await succeeds(shop);
    // Who may read sees what there is to push, and what is up to date.
    logIn(registry.host, 'bob');
    expect((await shop.push({ dryRun: true })).said['base']).toBe('0.1.0 is up to date in developers');
    expect((await shop.push()).failed).toEqual({});
  });
});

whenAvailable(PROGRAMS, 'a push to a registry with a certificate of its own', () => {
  it('says how to trust it', async () => {
    const tls = makeCertificate();
    const registry = await startDockerRegistry({ tls });
    try {
      expect(await complaints(shopAt(`https://${registry.host}`).push())).toEqual({
        all: expect.stringMatching(
          new RegExp(
            `^the certificate of ${registry.host} is not trusted \\(\\w+\\); put the certificate of its authority into /etc/docker/certs.d/${registry.host}/ca.crt, or name it in NODE_EXTRA_CA_CERTS$`,
          ),
        ),
      });
    } finally {
      await registry.stop();
      tls.remove();
    }
  });
});
