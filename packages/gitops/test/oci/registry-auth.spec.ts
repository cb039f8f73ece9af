import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { contentOf, readAll } from '../../src/oci/content';
import type { RegistryOptions } from '../../src/oci/registry';
import { authFiles } from '../../src/oci/registry/credentials';
import { blob, image } from './fixtures';
import { RegistryFixture, failure } from './registry-fixture';
import { challenge, dropAfter, fail, json } from './scripted-registry';
import type { Answer, ScriptedRegistry } from './scripted-registry';

const fixture = new RegistryFixture();
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gitops-home-'));
});
afterEach(async () => {
  rmSync(home, { recursive: true });
  await fixture.clear();
});

const CONTENT = blob('content');
const ME = { kind: 'password', username: 'me', password: 's3cret' } as const;
const BASIC = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;

const open = (host: string, options: RegistryOptions = {}) => fixture.open(host, { home, ...options });

/** A registry that lets in who has this header, and says how to get it. */
async function guarded(how: string, accepted: (header: string) => boolean): Promise<ScriptedRegistry> {
  const server = (await fixture.start()).hold(CONTENT);
  return server.always((asked, response) =>
    accepted(asked.headers.authorization ?? '')
      ? server.serve(asked, response)
      : challenge(how)(asked, response),
  );
}

function dockerConfig(document: unknown, path = '.docker/config.json'): string {
  const file = join(home, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
  return file;
}

const AUTH = Buffer.from('me:s3cret').toString('base64');

describe('Basic', () => {
  it('answers when it is asked, and then at once', async () => {
    const server = await guarded('Basic realm="x"', (header) => header === BASIC);
    const repository = open(server.host, { credentials: ME });
    expect(await repository.has(CONTENT.descriptor)).toBe(true);
    expect(await repository.has(CONTENT.descriptor)).toBe(true);
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([undefined, BASIC, BASIC]);
  });

  it('says how to log in where there are no credentials', async () => {
    const server = await guarded('Basic realm="x"', () => false);
    await expect(open(server.host).has(CONTENT.descriptor)).rejects.toEqual(
      failure('unauthenticated', `^no credentials for ${server.host}; docker login ${server.host}$`),
    );
    expect(server.asked).toHaveLength(1);
  });

  it('never shows the password', async () => {
    const server = await guarded('Basic realm="x"', () => false);
    const error: Error = await open(server.host, { credentials: ME })
      .has(CONTENT.descriptor)
      .then(fail as never, (caught) => caught);
    expect(error).toEqual(
      failure('unauthenticated', `^${server.host} does not accept the credentials; docker login`),
    );
    expect(JSON.stringify([error, error.stack])).not.toMatch(/s3cret|bWU6/);
  });
});

describe('Bearer', () => {
  interface Setup {
    readonly server: ScriptedRegistry;
    readonly tokens: ScriptedRegistry;
  }

  /** The token server gives a token that names what it was asked for. */
  async function setUp(grant: Answer): Promise<Setup> {
    const tokens = (await fixture.start()).always(grant);
    const how = `Bearer realm="http://${tokens.host}/token?a=b",service="the, registry",scope="ignored"`;
    const server = await guarded(how, (header) => header.startsWith('Bearer good'));
    return { server, tokens };
  }

  it('fetches a token, anonymously where there are no credentials', async () => {
    const { server, tokens } = await setUp(json({ token: 'good' }));
    expect(await open(server.host).has(CONTENT.descriptor)).toBe(true);
    expect(tokens.asked).toHaveLength(1);
    const { path, headers } = tokens.asked[0]!;
    const query = new URL(path, 'http://x').searchParams;
    expect(Object.fromEntries(query)).toEqual({
      a: 'b',
      service: 'the, registry',
      scope: 'repository:acme/api:pull',
    });
    expect(headers.authorization).toBeUndefined();
  });

  it('gives a password to the token server, and not to the registry', async () => {
    const { server, tokens } = await setUp(json({ access_token: 'good' }));
    await open(server.host, { credentials: ME }).has(CONTENT.descriptor);
    expect(tokens.asked[0]!.headers.authorization).toBe(BASIC);
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer good']);
  });

  it('gives an identity token by POST', async () => {
    const { server, tokens } = await setUp(json({ access_token: 'good' }));
    const credentials = { kind: 'identity-token', token: 'ident+ity' } as const;
    await open(server.host, { credentials }).has(CONTENT.descriptor);
    expect(tokens.asked[0]!.method).toBe('POST');
    expect(Object.fromEntries(new URLSearchParams(tokens.asked[0]!.body))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'ident+ity',
      client_id: 'gitops',
      service: 'the, registry',
      scope: 'repository:acme/api:pull',
    });
  });

  it('keeps a token for its scope, for as long as it is valid', async () => {
    const { server, tokens } = await setUp(json({ token: 'good', expires_in: 100 }));
    const store = fixture.store(server.host, { home });
    const [api, web] = [store.repository('acme/api'), store.repository('acme/web')];
    await Promise.all([api.has(CONTENT.descriptor), api.has(CONTENT.descriptor)]);
    await api.has(CONTENT.descriptor);
    expect(tokens.asked).toHaveLength(1);
    await web.has(CONTENT.descriptor);
    expect(tokens.asked).toHaveLength(2);
    fixture.pauses.push(95_000);
    await api.has(CONTENT.descriptor);
    expect(tokens.asked).toHaveLength(3);
  });

  it('gets another token where one has become invalid', async () => {
    let count = 0;
    const { server, tokens } = await setUp((asked, response) =>
      json({ token: `good ${++count}`, expires_in: 300 })(asked, response),
    );
    const repository = open(server.host);
    await repository.has(CONTENT.descriptor);
    server.next(challenge(`Bearer realm="http://${tokens.host}/token"`));
    expect(await repository.has(CONTENT.descriptor)).toBe(true);
    expect(server.asked.at(-1)!.headers.authorization).toBe('Bearer good 2');
  });

  it.each([401, 403])('says how to log in where the token server answers %d', async (status) => {
    const { server } = await setUp(fail(status, {}, 's3cret'));
    await expect(open(server.host).has(CONTENT.descriptor)).rejects.toEqual(
      failure('unauthenticated', `^no credentials for ${server.host}; docker login ${server.host}$`),
    );
  });

  it('does not show an answer that it cannot read', async () => {
    const { server } = await setUp(fail(200, {}, '{"tok": "s3cret"'));
    await expect(open(server.host).has(CONTENT.descriptor)).rejects.toThrow(
      /^the token server \S+ answered without a token$/,
    );
  });

  it('is patient with the token server too', async () => {
    const { server, tokens } = await setUp(json({ token: 'good' }));
    tokens.next(fail(503), dropAfter(Buffer.from('{"token":"good"}'), 5));
    expect(await open(server.host).has(CONTENT.descriptor)).toBe(true);
    expect(tokens.asked).toHaveLength(3);
  });

  it('asks for the right to push when it pushes, and for both repositories when it mounts', async () => {
    const { server, tokens } = await setUp(json({ token: 'good' }));
    const other = blob('other');
    const repository = open(server.host);
    const serve = server.serve.bind(server);
    server.next(challenge(`Bearer realm="http://${tokens.host}/token"`), serve, fail(201));
    await repository.push(other.descriptor, () => contentOf(''), { mountFrom: 'acme/base' });
    const scopes = tokens.asked.map(({ path }) => new URL(path, 'http://x').searchParams.getAll('scope'));
    expect(scopes).toEqual([
      ['repository:acme/api:pull,push'],
      ['repository:acme/api:pull,push', 'repository:acme/base:pull'],
    ]);
  });
});

describe('credentials', () => {
  const accepts = (server: ScriptedRegistry, env: NodeJS.ProcessEnv = {}) =>
    open(server.host, { env }).has(CONTENT.descriptor);
  let server: ScriptedRegistry;
  beforeEach(async () => {
    server = await guarded('Basic realm="x"', (header) => header === BASIC);
  });

  it('come from ~/.docker/config.json', async () => {
    dockerConfig({ auths: { [server.host]: { auth: AUTH } } });
    expect(await accepts(server)).toBe(true);
  });

  it('come from an old config with whole addresses', async () => {
    dockerConfig({ auths: { [`https://${server.host}/v1/`]: { username: 'me', password: 's3cret' } } });
    expect(await accepts(server)).toBe(true);
  });

  it('come from DOCKER_CONFIG', async () => {
    dockerConfig({ auths: { [server.host]: { auth: AUTH } } }, 'elsewhere/config.json');
    expect(await accepts(server, { DOCKER_CONFIG: join(home, 'elsewhere') })).toBe(true);
  });

  it("come from podman's auth.json", async () => {
    dockerConfig({ auths: { 'other.example.com': { auth: AUTH } } });
    dockerConfig({ auths: { [server.host]: { auth: AUTH } } }, 'run/containers/auth.json');
    expect(await accepts(server, { XDG_RUNTIME_DIR: join(home, 'run') })).toBe(true);
  });

  it('come from where podman keeps them without a session', () => {
    expect(authFiles({}, '/home/me')).toEqual([
      '/home/me/.docker/config.json',
      `/run/containers/${process.getuid!()}/auth.json`,
      '/home/me/.config/containers/auth.json',
    ]);
  });

  it('come only from REGISTRY_AUTH_FILE where it is set', async () => {
    dockerConfig({ auths: { [server.host]: { auth: AUTH } } });
    const file = dockerConfig({}, 'auth.json');
    await expect(accepts(server, { REGISTRY_AUTH_FILE: file })).rejects.toThrow('no credentials');
  });

  it('of other hosts are not used', async () => {
    dockerConfig({ auths: { 'other.example.com': { auth: AUTH } } });
    await expect(accepts(server)).rejects.toThrow('no credentials');
    expect(server.asked).toHaveLength(1);
  });

  it('in a file that is broken are an error that does not quote it', async () => {
    const file = dockerConfig('{"auths": s3cret');
    await expect(accepts(server)).rejects.toThrow(`${file} is not JSON; correct it, or log in again`);
  });

  it('are not looked for where nobody asks', async () => {
    dockerConfig('{"auths": s3cret');
    const free = (await fixture.start()).hold(CONTENT);
    expect(await accepts(free)).toBe(true);
  });

  describe('of a helper', () => {
    const helper = (script: string, name = 'test') => {
      const program = join(home, `docker-credential-${name}`);
      writeFileSync(program, `#!/bin/sh\n${script}\n`);
      chmodSync(program, 0o755);
    };
    const env = () => ({ PATH: `${home}${delimiter}${process.env['PATH']}` });

    it('are asked for by host', async () => {
      helper(`echo "$1 $(cat)" > ${home}/asked; echo '{"ServerURL":"x","Username":"me","Secret":"s3cret"}'`);
      dockerConfig({ credHelpers: { [server.host]: 'test' } });
      expect(await accepts(server, env())).toBe(true);
      expect(readFileSync(join(home, 'asked'), 'utf8')).toBe(`get ${server.host}\n`);
    });

    it('of the store come before those of the file', async () => {
      helper(`echo '{"Username":"me","Secret":"s3cret"}'`);
      dockerConfig({ credsStore: 'test', auths: { [server.host]: { auth: 'bm86bm8=' } } });
      expect(await accepts(server, env())).toBe(true);
    });

    it('that has none leaves it to the file', async () => {
      helper(`echo 'credentials not found in native keychain'; exit 1`);
      dockerConfig({ credsStore: 'test', auths: { [server.host]: { auth: AUTH } } });
      expect(await accepts(server, env())).toBe(true);
    });

    it.each([
      ['is missing', 'missing', 'docker-credential-missing is not on PATH'],
      ['fails', 'test', 'docker-credential-test failed with exit code 3'],
      ['is no name', '../evil', '"../evil" is not a credential helper'],
    ])('that %s is named', async (_, name, text) => {
      helper('echo s3cret; exit 3');
      dockerConfig({ credsStore: name });
      await expect(accepts(server, env())).rejects.toThrow(
        `no credentials for ${server.host} (${text}); docker login ${server.host}`,
      );
    });

    it('may give an identity token', async () => {
      helper(`echo '{"Username":"<token>","Secret":"ident"}'`);
      dockerConfig({ credsStore: 'test' });
      const tokens = (await fixture.start()).always(json({ access_token: 'good' }));
      const guard = await guarded(
        `Bearer realm="http://${tokens.host}/"`,
        (header) => header === 'Bearer good',
      );
      expect(await accepts(guard, env())).toBe(true);
      expect(tokens.asked[0]!.body).toContain('refresh_token=ident');
    });
  });
});

it('reads a manifest and a blob with one login', async () => {
  const { manifest, descriptor } = image(['a']);
  const server = await guarded('Basic realm="x"', (header) => header === BASIC);
  server.hold({ descriptor, bytes: manifest.bytes });
  const repository = open(server.host, { credentials: ME });
  expect(await repository.resolve(descriptor.digest)).toEqual(descriptor);
  expect((await readAll(repository.open(CONTENT.descriptor))).toString()).toBe('content');
});
