import { homedir } from 'node:os';
import { repositoryName } from '../names';
import type { Store } from '../store';
import { Client } from './client';
import { findCredentials } from './credentials';
import type { Credentials } from './credentials';
import { Documents } from './documents';
import { parseEndpoint } from './endpoint';
import type { Endpoint } from './endpoint';
import { RegistryRepository } from './repository';
import { RETRY_POLICY, SYSTEM_CLOCK } from './retry';
import type { Clock, RetryPolicy } from './retry';
import { Transport } from './transport';
import type { Timeouts } from './transport';

export type { Clock, RetryPolicy } from './retry';
export type { Credentials } from './credentials';
export type { Timeouts } from './transport';

export interface RegistryOptions {
  /** Speak plain http, for which this machine itself needs no permission. */
  readonly insecure?: boolean;
  /** A file with the certificate of the registry's own authority, besides those in certs.d. */
  readonly caFile?: string;
  /** Instead of those that docker or podman keep. */
  readonly credentials?: Credentials;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  readonly clock?: Clock;
  /** Where the configs and helpers with the credentials are found. */
  readonly env?: NodeJS.ProcessEnv;
  readonly home?: string;
}

/**
 * A container registry as a store. No request is made before something is asked of a repository.
 * @param location `[http[s]://]host[:port][/prefix]`
 * @throws GitopsError when the location is malformed
 */
export function openRegistry(location: string, options: RegistryOptions = {}): RegistryStore {
  const endpoint = parseEndpoint(location, {
    insecure: options.insecure,
    hasOwnCa: options.caFile !== undefined,
  });
  return new RegistryStore(endpoint, options);
}

/** The door to the distribution API; see {@link openRegistry}. */
export class RegistryStore implements Store {
  readonly where: string;
  readonly isRemote = true;
  private readonly transport: Transport;
  private readonly client: Client;
  private readonly documents = new Documents();

  constructor(endpoint: Endpoint, options: RegistryOptions) {
    this.where = `${endpoint.host}${endpoint.prefix ? `/${endpoint.prefix.slice(0, -1)}` : ''}`;
    this.transport = new Transport({
      timeouts: options.timeouts,
      host: new URL(endpoint.origin).host,
      caFile: options.caFile,
    });
    this.client = new Client(endpoint, this.transport, {
      clock: options.clock ?? SYSTEM_CLOCK,
      retry: { ...RETRY_POLICY, ...options.retry },
      lookUpCredentials: async () =>
        options.credentials
          ? { credentials: options.credentials }
          : findCredentials(endpoint.credentialKeys, options.env ?? process.env, options.home ?? homedir()),
    });
  }

  repository(name: string): RegistryRepository {
    return new RegistryRepository(this.client, this.documents, repositoryName(name));
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}
