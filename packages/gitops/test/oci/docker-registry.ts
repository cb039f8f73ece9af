import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startRegistry } from '../support/engines';
import type { Certificate } from './certificate';
import type { TokenServer } from './token-server';

/** A real registry that runs for a suite, on this machine only. */
export interface RunningRegistry {
  readonly host: string;
  /** What it keeps is below `data`. */
  readonly dir: string;
  stop(): Promise<void>;
}

export interface RegistryVariant {
  /** Asks for this password. */
  readonly user?: string;
  readonly password?: string;
  /** Sends there for tokens. */
  readonly tokens?: TokenServer;
  /** Speaks TLS. */
  readonly tls?: Certificate;
  /** Gives what another has, and takes nothing. */
  readonly readOnlyOf?: RunningRegistry;
  /** Whether it allows deletes; it does unless told otherwise, which a registry by itself does not. */
  readonly deletes?: boolean;
}

/** Starts `docker-registry` on a free port, with a directory of its own. */
export function startDockerRegistry(variant: RegistryVariant = {}): Promise<RunningRegistry> {
  const { user, password, ...sections } = variant;
  return startRegistry({ user, password, configuration: configurationOf(sections) });
}

function configurationOf({ tokens, tls, readOnlyOf, deletes }: RegistryVariant): object {
  return {
    ...(tokens && {
      auth: {
        token: {
          realm: tokens.realm,
          service: tokens.service,
          issuer: tokens.issuer,
          rootcertbundle: tokens.certificate.certFile,
        },
      },
    }),
    ...(tls && { http: { tls: { certificate: tls.certFile, key: tls.keyFile } } }),
    ...(deletes !== undefined && { storage: { delete: { enabled: deletes } } }),
    ...(readOnlyOf && {
      storage: {
        filesystem: { rootdirectory: join(readOnlyOf.dir, 'data') },
        maintenance: { readonly: { enabled: true } },
      },
    }),
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
