import { createHash } from 'node:crypto';
import { type Host, resolveEndpoints } from './endpoint';

interface Case {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly platform?: NodeJS.Platform;
}

function host({ env = {}, files = {}, platform = 'linux' }: Case): Host {
  return {
    env,
    home: '/home/ann',
    uid: 1000,
    platform,
    exists: (path) => path in files,
    read: (path) => files[path],
  };
}

const meta = (name: string) =>
  `/home/ann/.docker/contexts/meta/${createHash('sha256').update(name).digest('hex')}/meta.json`;
const tls = (name: string, file: string) =>
  `/home/ann/.docker/contexts/tls/${createHash('sha256').update(name).digest('hex')}/docker/${file}`;
const context = (Host: string, SkipTLSVerify = false) =>
  JSON.stringify({ Name: 'x', Endpoints: { docker: { Host, SkipTLSVerify } } });

describe('resolveEndpoints', () => {
  it.each<[string, Case, object[]]>([
    ['nothing there', {}, []],
    [
      'the usual socket',
      { files: { '/var/run/docker.sock': '' } },
      [{ kind: 'socket', path: '/var/run/docker.sock', source: 'default' }],
    ],
    [
      'rootless engines, Docker before Podman',
      {
        env: { XDG_RUNTIME_DIR: '/run/user/7' },
        files: { '/run/user/7/podman/podman.sock': '', '/run/user/7/docker.sock': '' },
      },
      [
        { kind: 'socket', path: '/run/user/7/docker.sock', source: 'default' },
        { kind: 'socket', path: '/run/user/7/podman/podman.sock', source: 'default' },
      ],
    ],
    [
      'a rootless engine without XDG_RUNTIME_DIR',
      { files: { '/run/user/1000/docker.sock': '' } },
      [{ kind: 'socket', path: '/run/user/1000/docker.sock', source: 'default' }],
    ],
    [
      'Docker Desktop and Colima',
      {
        platform: 'darwin',
        files: { '/home/ann/.colima/default/docker.sock': '', '/home/ann/.docker/run/docker.sock': '' },
      },
      [
        { kind: 'socket', path: '/home/ann/.docker/run/docker.sock', source: 'default' },
        { kind: 'socket', path: '/home/ann/.colima/default/docker.sock', source: 'default' },
      ],
    ],
    [
      'DOCKER_HOST over everything else',
      {
        env: { DOCKER_HOST: 'unix:///x.sock', DOCKER_CONTEXT: 'remote', CONTAINER_HOST: 'unix:///y.sock' },
        files: { '/var/run/docker.sock': '' },
      },
      [{ kind: 'socket', path: '/x.sock', source: 'DOCKER_HOST' }],
    ],
    [
      "Podman's own variable",
      { env: { CONTAINER_HOST: 'unix:///y.sock' } },
      [{ kind: 'socket', path: '/y.sock', source: 'CONTAINER_HOST' }],
    ],
    [
      'tcp without TLS',
      { env: { DOCKER_HOST: 'tcp://10.0.0.2' } },
      [{ kind: 'tcp', host: '10.0.0.2', port: 2375, source: 'DOCKER_HOST' }],
    ],
    [
      'an IPv6 address',
      { env: { DOCKER_HOST: 'tcp://[::1]:99' } },
      [{ kind: 'tcp', host: '::1', port: 99, source: 'DOCKER_HOST' }],
    ],
    [
      'TLS with its folder',
      { env: { DOCKER_HOST: 'tcp://build', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' } },
      [
        {
          kind: 'tcp',
          host: 'build',
          port: 2376,
          tls: { ca: '/certs/ca.pem', cert: '/certs/cert.pem', key: '/certs/key.pem', verify: true },
          source: 'DOCKER_HOST',
        },
      ],
    ],
    [
      'the context in the config',
      {
        files: {
          '/home/ann/.docker/config.json': '{"currentContext":"colima"}',
          [meta('colima')]: context('unix:///colima.sock'),
        },
      },
      [{ kind: 'socket', path: '/colima.sock', source: 'docker context colima' }],
    ],
    [
      'DOCKER_CONTEXT over the config, with the certificates it has',
      {
        env: { DOCKER_CONTEXT: 'remote' },
        files: {
          '/home/ann/.docker/config.json': '{"currentContext":"colima"}',
          [meta('remote')]: context('tcp://build:2376'),
          [tls('remote', 'ca.pem')]: '',
        },
      },
      [
        {
          kind: 'tcp',
          host: 'build',
          port: 2376,
          tls: { ca: tls('remote', 'ca.pem'), verify: true },
          source: 'docker context remote',
        },
      ],
    ],
    [
      'a context that trusts anybody',
      { env: { DOCKER_CONTEXT: 'remote' }, files: { [meta('remote')]: context('tcp://build:2376', true) } },
      [{ kind: 'tcp', host: 'build', port: 2376, tls: { verify: false }, source: 'docker context remote' }],
    ],
    [
      'the context default, which is no context',
      { env: { DOCKER_CONTEXT: 'default' }, files: { '/var/run/docker.sock': '' } },
      [{ kind: 'socket', path: '/var/run/docker.sock', source: 'default' }],
    ],
    [
      'another place for the config',
      {
        env: { DOCKER_CONFIG: '/etc/docker' },
        files: {
          '/etc/docker/config.json': '{"currentContext":"x"}',
          [meta('x').replace('/home/ann/.docker', '/etc/docker')]: context('unix:///x.sock'),
        },
      },
      [{ kind: 'socket', path: '/x.sock', source: 'docker context x' }],
    ],
  ])('finds %s', (_what, given, expected) => {
    expect(resolveEndpoints(host(given))).toEqual(expected);
  });

  it.each<[string, Case, RegExp]>([
    [
      'SSH',
      { env: { DOCKER_HOST: 'ssh://ann@build' } },
      /engines over SSH are not supported; forward its socket/,
    ],
    [
      'nonsense',
      { env: { DOCKER_HOST: 'unix://' } },
      /DOCKER_HOST is "unix:\/\/", which is not the address of an engine/,
    ],
    ['an unknown scheme', { env: { DOCKER_HOST: 'ftp://x' } }, /not the address of an engine; use unix:/],
    ['a path after the port', { env: { DOCKER_HOST: 'tcp://x:1/y' } }, /not the address of an engine/],
    [
      'a context that is not there',
      { env: { DOCKER_CONTEXT: 'gone' } },
      /the docker context gone does not exist; see docker context ls/,
    ],
    [
      'a broken config',
      { files: { '/home/ann/.docker/config.json': '{' } },
      /^\/home\/ann\/\.docker\/config\.json: it is not valid JSON/,
    ],
  ])('refuses %s', (_what, given, message) => {
    expect(() => resolveEndpoints(host(given))).toThrow(message);
  });
});
