import { findCredentials } from '../../oci/registry/credentials';
import { parseEndpoint } from '../../oci/registry/endpoint';
import { normalizeReference, parseReference } from '../../oci/reference';
import type { StagePlan } from '../../containerfile/stages';
import type { Credentials } from './session/auth';

/** The user's login at a registry, for the engine to pull a base with: the one of this host, and no other. */
export async function registryLogin(host: string): Promise<Credentials | undefined> {
  const { credentials } = await findCredentials(parseEndpoint(host).credentialKeys);
  if (!credentials) return undefined;
  return credentials.kind === 'password'
    ? { username: credentials.username, secret: credentials.password }
    : { username: '', secret: credentials.token };
}

/** The registries that the images which are named in a container file come from. */
export function registriesOf({ stages }: StagePlan): string[] {
  const sources = stages.flatMap(({ base, sources: others }) => [
    base,
    ...others.map(({ source }) => source),
  ]);
  const hosts = sources.flatMap((source) =>
    source.kind === 'image' ? [normalizeReference(parseReference(source.reference)).host!] : [],
  );
  return [...new Set(hosts)];
}
