import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { GitopsError } from '../../../support/errors';
import { type Endpoint, type Host, type TlsFiles, parseEndpoint } from './endpoint';

/** What we read of a context's meta.json. */
interface ContextMetadata {
  readonly Endpoints?: { readonly docker?: { readonly Host?: string; readonly SkipTLSVerify?: boolean } };
}

/** The context that `docker context use` chose. */
export function currentContext(host: Host): string | undefined {
  const file = posix.join(configFolder(host), 'config.json');
  const text = host.read(file);
  if (text === undefined) return undefined;
  return parse<{ currentContext?: string }>(text, file).currentContext;
}

/**
 * The endpoint of a docker context.
 * @throws GitopsError there is no such context, or it has no usable address
 */
export function contextEndpoint(host: Host, name: string): Endpoint {
  const folder = createHash('sha256').update(name).digest('hex');
  const file = posix.join(configFolder(host), 'contexts/meta', folder, 'meta.json');
  const text = host.read(file);
  if (text === undefined) {
    throw new GitopsError(
      `the docker context ${name} does not exist`,
      undefined,
      'see docker context ls, and choose another with docker context use or DOCKER_CONTEXT',
    );
  }
  const source = `docker context ${name}`;
  const docker = parse<ContextMetadata>(text, file).Endpoints?.docker;
  if (!docker?.Host)
    throw new GitopsError(`the ${source} names no engine`, { file }, 'choose another context');
  const tlsFolder = posix.join(configFolder(host), 'contexts/tls', folder, 'docker');
  return parseEndpoint(docker.Host, source, contextTls(host, tlsFolder, docker.SkipTLSVerify ?? false));
}

function contextTls(host: Host, folder: string, skipVerify: boolean): TlsFiles | undefined {
  const found = ['ca', 'cert', 'key']
    .map((name) => [name, posix.join(folder, `${name}.pem`)] as const)
    .filter(([, file]) => host.exists(file));
  if (found.length === 0 && !skipVerify) return undefined;
  return { ...Object.fromEntries(found), verify: !skipVerify };
}

function configFolder({ env, home }: Host): string {
  return env['DOCKER_CONFIG'] || posix.join(home, '.docker');
}

function parse<T>(text: string, file: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new GitopsError('it is not valid JSON', { file }, 'correct it, or remove it');
  }
}
