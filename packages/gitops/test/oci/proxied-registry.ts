import { whenAvailable } from '../support/available';
import { type RunningRegistry, startDockerRegistry } from './docker-registry';
import { FaultProxy } from './fault-proxy';

export interface ProxiedRegistry {
  readonly registry: RunningRegistry;
  /** What is between the registry and who is tested: it does wrong as it is told. */
  readonly proxy: FaultProxy;
}

/** Registers a suite that has a registry of its own, and a proxy in front of it, which forgets its faults after each test. */
export function withProxiedRegistry(name: string, body: (at: ProxiedRegistry) => void): void {
  whenAvailable('docker-registry', name, () => {
    const at = {} as { -readonly [K in keyof ProxiedRegistry]: ProxiedRegistry[K] };
    beforeAll(async () => {
      at.registry = await startDockerRegistry();
      at.proxy = await FaultProxy.start(at.registry.host);
    });
    afterEach(() => at.proxy.heal());
    afterAll(async () => {
      await at.proxy.stop();
      await at.registry.stop();
    });
    body(at);
  });
}
