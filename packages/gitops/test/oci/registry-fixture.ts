import { openRegistry } from '../../src/oci/registry';
import type { RegistryOptions, RegistryStore } from '../../src/oci/registry';
import type { StoreError } from '../../src/oci/store-error';
import { ScriptedRegistry } from './scripted-registry';

/** Scripted registries and stores on them, for one file of tests; all are gone after each test. */
export class RegistryFixture {
  /** Milliseconds that were waited; nothing really waits, and time passes only so. */
  pauses: number[] = [];
  private readonly servers: ScriptedRegistry[] = [];
  private readonly stores: RegistryStore[] = [];

  async start(tls?: { key: string; cert: string }): Promise<ScriptedRegistry> {
    const server = await ScriptedRegistry.start(tls);
    this.servers.push(server);
    return server;
  }

  /** A store that knows no credentials of whoever runs the tests. */
  store(location: string, options: RegistryOptions = {}): RegistryStore {
    const clock = {
      now: () => this.pauses.reduce((sum, ms) => sum + ms, 0),
      sleep: async (ms: number) => void this.pauses.push(ms),
    };
    const store = openRegistry(location, { clock, env: {}, home: '/nonexistent', ...options });
    this.stores.push(store);
    return store;
  }

  open(location: string, options: RegistryOptions = {}) {
    return this.store(location, options).repository('acme/api');
  }

  async clear(): Promise<void> {
    this.pauses = [];
    await Promise.all(this.stores.splice(0).map((store) => store.close()));
    await Promise.all(this.servers.splice(0).map((server) => server.stop()));
  }
}

/** Matches a StoreError. */
export function failure(kind: StoreError['kind'], text: string | RegExp): unknown {
  return expect.objectContaining({ name: 'StoreError', kind, message: expect.stringMatching(text) });
}
