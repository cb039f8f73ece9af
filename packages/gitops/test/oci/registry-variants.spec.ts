import { contentOf, readAll } from '../../src/oci/content';
import type { RegistryOptions } from '../../src/oci/registry';
import { GitopsError } from '../../src/support/errors';
import { whenAvailable } from '../support/available';
import { makeCertificate } from './certificate';
import type { Certificate } from './certificate';
import { startDockerRegistry } from './docker-registry';
import type { RunningRegistry } from './docker-registry';
import { FaultProxy } from './fault-proxy';
import { blob, image, store } from './fixtures';
import { RegistryFixture, failure } from './registry-fixture';
import { TokenServer } from './token-server';

const fixture = new RegistryFixture();
afterEach(() => fixture.clear());

const IMAGE = image(['one']);
const NEW = blob('new');
const SECRET = 's3cret!';
const as = (username: string, password = SECRET): RegistryOptions => ({
  credentials: { kind: 'password', username, password },
});
const pushNew = (location: string, options?: RegistryOptions) =>
  fixture.open(location, options).push(NEW.descriptor, () => contentOf(NEW.bytes));

/** What a user gets to see: one line of our own, and nothing in it that is nobody's business. */
async function told(work: Promise<unknown>): Promise<GitopsError> {
  const error: unknown = await work.then(
    () => new Error('it worked'),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(GitopsError);
  const { message } = error as GitopsError;
  expect(message).not.toMatch(/\n|\bat .*:\d+:\d+|Bearer|eyJ/);
  for (const secret of [SECRET, 'wrong!']) {
    const forms = [secret, Buffer.from(`ann:${secret}`).toString('base64')];
    for (const form of forms) expect(JSON.stringify([message, error])).not.toContain(form);
  }
  return error as GitopsError;
}

/** What must work where one is let in. */
async function worksBothWays(location: string, options: RegistryOptions): Promise<void> {
  const repository = fixture.open(location, options);
  await store(repository, IMAGE, '1.0.0');
  expect(await repository.resolve('1.0.0')).toEqual(IMAGE.descriptor);
  const { descriptor, bytes } = IMAGE.blobs[1]!;
  expect(await readAll(repository.open(descriptor))).toEqual(bytes);
}

whenAvailable('docker-registry', 'a registry with a password', () => {
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry({ user: 'ann', password: SECRET });
  });
  afterAll(() => registry.stop());

  it('lets in who knows it', () => worksBothWays(registry.host, as('ann')));

  it.each([
    ['a wrong password', as('ann', 'wrong!'), 'does not accept the credentials'],
    ['a wrong name', as('bob'), 'does not accept the credentials'],
  ])('says to log in again with %s', async (_, options, text) => {
    const error = await told(pushNew(registry.host, options));
    expect(error).toEqual(
      failure('unauthenticated', `^${registry.host} ${text}; docker login ${registry.host}$`),
    );
  });

  it('says to log in where nobody has', async () => {
    const error = await told(pushNew(registry.host));
    expect(error).toEqual(
      failure('unauthenticated', `^no credentials for ${registry.host}; docker login ${registry.host}$`),
    );
  });
});

const PROGRAMS = ['docker-registry', 'openssl'];

whenAvailable(PROGRAMS, 'a registry with a token server', () => {
  let tokens: TokenServer;
  let registry: RunningRegistry;
  beforeAll(async () => {
    tokens = await TokenServer.start({
      ann: { password: SECRET, rights: ['pull', 'push'] },
      bob: { password: SECRET, rights: ['pull'] },
      dan: { password: SECRET, rights: ['pull', 'push', '*'] },
      eve: { password: SECRET, rights: [] },
    });
    registry = await startDockerRegistry({ tokens });
  });
  afterAll(async () => {
    await registry.stop();
    await tokens.stop();
  });
  beforeEach(() => void (tokens.asked.length = 0));

  it('lets in who has the right to it, with two tokens', async () => {
    await worksBothWays(registry.host, as('ann'));
    expect(tokens.asked).toEqual([['repository:acme/api:pull,push'], ['repository:acme/api:pull']]);
  });

  it('is the same by way of a proxy', async () => {
    const proxy = await FaultProxy.start(registry.host);
    await worksBothWays(proxy.host, as('ann'));
    expect(tokens.asked).toHaveLength(2);
    await proxy.stop();
  });

  it('mounts from a repository that one may read', async () => {
    await worksBothWays(registry.host, as('ann'));
    const { descriptor } = IMAGE.blobs[0]!;
    const other = fixture.store(registry.host, as('ann')).repository('acme/web');
    const unread = () => {
      throw new Error('opened');
    };
    await other.push(descriptor, unread, { mountFrom: 'acme/api' });
    expect(await other.has(descriptor)).toBe(true);
  });

  it('lets read, but not write, who may only read', async () => {
    await worksBothWays(registry.host, as('ann'));
    expect(await fixture.open(registry.host, as('bob')).resolve('1.0.0')).toEqual(IMAGE.descriptor);
    const forbidden = failure(
      'forbidden',
      `^${registry.host} denies access to ${registry.host}/acme/api.*; ask`,
    );
    expect(await told(pushNew(registry.host, as('bob')))).toEqual(forbidden);
    const put = fixture.open(registry.host, as('bob')).putManifest(IMAGE.manifest, '2.0.0');
    expect(await told(put)).toEqual(forbidden);
  });

  it('lets delete who may do anything, and nobody else', async () => {
    await worksBothWays(registry.host, as('dan'));
    const forbidden = failure('forbidden', `^${registry.host} denies access to the deletion of .*; ask`);
    const { digest } = IMAGE.descriptor;
    expect(await told(fixture.open(registry.host, as('ann')).delete(digest))).toEqual(forbidden);
    const repository = fixture.open(registry.host, as('dan'));
    await repository.delete(digest);
    expect(await repository.resolve('1.0.0')).toBeUndefined();
    expect(tokens.asked.at(-2)).toEqual(['repository:acme/api:*']);
  });

  it('lets nobody read who may not', async () => {
    const asking = fixture.open(registry.host, as('eve')).resolve('1.0.0');
    expect(await told(asking)).toEqual(
      failure(
        'forbidden',
        `^${registry.host} denies access to ${registry.host}/acme/api:1.0.0; ask its owner`,
      ),
    );
  });

  it.each([
    ['a wrong password', as('ann', 'wrong!'), /^HOST does not accept the credentials; docker login HOST$/],
    ['no password', {}, /^no credentials for HOST; docker login HOST$/],
  ])('says to log in with %s', async (_, options, text) => {
    const error = await told(pushNew(registry.host, options));
    expect(error.message.replaceAll(registry.host, 'HOST')).toMatch(text);
    expect(error).toEqual(failure('unauthenticated', ''));
  });
});

whenAvailable(PROGRAMS, 'a registry that speaks TLS', () => {
  let tls: Certificate;
  let registry: RunningRegistry;
  beforeAll(async () => {
    tls = makeCertificate();
    registry = await startDockerRegistry({ tls });
  });
  afterAll(async () => {
    await registry.stop();
    tls.remove();
  });

  it('is trusted with its certificate', () => worksBothWays(registry.host, { caFile: tls.certFile }));

  it('is not trusted without it, and the error says how to', async () => {
    const error = await told(pushNew(`https://${registry.host}`));
    expect(error).toEqual(
      failure(
        'untrusted',
        `^the certificate of ${registry.host} is not trusted .*; put .*${registry.host}/ca.crt`,
      ),
    );
  });

  it('is not spoken to in the clear', async () => {
    const error = await told(pushNew(registry.host));
    expect(error).toEqual(
      failure('rejected', `^${registry.host} answers 400 to .*; .*https://${registry.host}`),
    );
  });
});

whenAvailable('docker-registry', 'a registry that takes no writes', () => {
  let source: RunningRegistry;
  let registry: RunningRegistry;
  beforeAll(async () => {
    source = await startDockerRegistry();
    registry = await startDockerRegistry({ readOnlyOf: source });
  });
  afterAll(async () => {
    await registry.stop();
    await source.stop();
  });

  it('is read', async () => {
    await store(fixture.open(source.host), IMAGE, '1.0.0');
    const repository = fixture.open(registry.host);
    expect(await repository.resolve('1.0.0')).toEqual(IMAGE.descriptor);
    expect(await readAll(repository.open(IMAGE.descriptor))).toEqual(IMAGE.manifest.bytes);
  });

  it('says so', async () => {
    const readOnly = failure('rejected', `^${registry.host} does not take .*; it may be read-only`);
    expect(await told(pushNew(registry.host))).toEqual(readOnly);
    const put = fixture.open(registry.host).putManifest(IMAGE.manifest, '2.0.0');
    expect(await told(put)).toEqual(readOnly);
    expect(fixture.pauses).toEqual([]);
  });
});

whenAvailable('docker-registry', 'a registry that allows no deletes', () => {
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry({ deletes: false });
  });
  afterAll(() => registry.stop());

  it('says so, and how to have them', async () => {
    const repository = fixture.open(registry.host);
    await store(repository, IMAGE, '1.0.0');
    expect(await repository.untag('1.0.0')).toBe(false);
    expect(await told(repository.delete(IMAGE.descriptor.digest))).toEqual(
      failure(
        'rejected',
        `^${registry.host} does not take the deletion of ${registry.host}/acme/api@sha256:.*; have deletes allowed`,
      ),
    );
    expect(await repository.resolve('1.0.0')).toEqual(IMAGE.descriptor);
  });
});

it('an unknown host is named', async () => {
  const error = await told(pushNew('registry.invalid'));
  expect(error).toEqual(
    failure('unreachable', /^the host registry\.invalid is unknown; check its name and the network$/),
  );
});
