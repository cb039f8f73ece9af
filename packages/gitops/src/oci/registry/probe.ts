import { homedir } from 'node:os';
import type { RawManifest } from '../store';
import { Client } from './client';
import { findCredentials } from './credentials';
import { parseEndpoint } from './endpoint';
import { RETRY_POLICY, SYSTEM_CLOCK } from './retry';
import { Transport } from './transport';

/** Requests that no store makes: their answers tell what a registry can do. */
export class RegistryProbe {
  private readonly transport: Transport;
  private readonly client: Client;

  /**
   * @param location as `openRegistry` takes it
   * @throws GitopsError when it is malformed
   */
  constructor(location: string) {
    const endpoint = parseEndpoint(location);
    this.transport = new Transport({ host: new URL(endpoint.origin).host });
    this.client = new Client(endpoint, this.transport, {
      clock: SYSTEM_CLOCK,
      retry: RETRY_POLICY,
      lookUpCredentials: () => findCredentials(endpoint.credentialKeys, process.env, homedir()),
    });
  }

  /**
   * Stores a manifest under a tag on the condition that the tag is not there (RFC 9110, "If-None-Match").
   * @returns the status of the answer: 412 where the condition does not hold
   * @throws StoreError where there is none
   */
  async putUnlessThere(repository: string, manifest: RawManifest, tag: string): Promise<number> {
    const path = this.pathOf(repository);
    const response = await this.client.request({
      method: 'PUT',
      url: this.client.url(`${path}/manifests/${tag}`),
      headers: { 'content-type': manifest.mediaType, 'if-none-match': '*' },
      body: () => manifest.bytes,
      scopes: [`repository:${path}:pull,push`],
    });
    await response.drain();
    return response.status;
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  /** The name in the registry, with the store's prefix. */
  private pathOf(repository: string): string {
    return `${this.client.endpoint.prefix}${repository}`;
  }
}
