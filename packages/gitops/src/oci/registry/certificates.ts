import { readFileSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { fileError } from '../file-errors';
import { GitopsError } from '../../support/errors';

/** What TLS needs for one host, as node:tls takes it. */
export interface Certificates {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

/** Where docker, podman and skopeo look for the certificates of a registry. */
export const CERTIFICATE_DIRECTORIES: readonly string[] = [
  join(homedir(), '.config/containers/certs.d'),
  '/etc/containers/certs.d',
  '/etc/docker/certs.d',
];

/**
 * The certificates that are set up for a host: `<directory>/<host[:port]>/*.crt` are authorities, `x.cert` with `x.key`
 * identify the client (docs.docker.com, "Verify repository client with certificates").
 * @param caFile one more file of authorities, by option
 */
export function certificatesFor(
  host: string,
  caFile?: string,
  directories: readonly string[] = CERTIFICATE_DIRECTORIES,
): Certificates {
  const own: string[] = caFile === undefined ? [] : [readCa(caFile)];
  let client: Pick<Certificates, 'cert' | 'key'> = {};
  for (const directory of directories) {
    const files = list(join(directory, host));
    own.push(...files.filter((file) => file.endsWith('.crt')).map(read));
    const cert = files.find((file) => file.endsWith('.cert') && files.includes(keyOf(file)));
    if (cert && !client.cert) client = { cert: read(cert), key: read(keyOf(cert)) };
  }
  // A list of authorities replaces Node's own, so these are in it too.
  return own.length > 0 ? { ...client, ca: [...rootCertificates, ...extraCertificates(), ...own] } : client;
}

function keyOf(cert: string): string {
  return cert.replace(/\.cert$/, '.key');
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

/** What Node itself reads from this variable no longer counts once a list of authorities is given. */
function extraCertificates(): string[] {
  const path = process.env['NODE_EXTRA_CA_CERTS'];
  try {
    return path ? [readFileSync(path, 'utf8')] : [];
  } catch {
    return [];
  }
}

function readCa(path: string): string {
  const text = read(path);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new GitopsError(`${path} is not a certificate in PEM form`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new GitopsError(`${path} does not exist`);
    throw fileError(error, path);
  }
}
