import { sha256 } from '../../src/oci/digest';
import { MemoryStore } from '../../src/oci/memory';
import type { Desk } from '../../src/sites/desk';
import type { Kubectl } from '../../src/sites/kubectl';
import type { Resource } from '../../src/sites/render';

export const DIGEST = sha256('root');

/** A resource of a release. */
export function resource(apiVersion: string, kind: string, name: string, namespace?: string): Resource {
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

/** The site demo in the namespace shop, which is to run root 1.2.0: a Deployment. */
export function deskAt(kubectl: Kubectl, more: Partial<Desk> = {}): Desk {
  return {
    site: { name: 'demo', environment: 'prod', ring: 'testers' },
    release: {
      image: 'root',
      version: '1.2.0',
      digest: DIGEST,
      repository: new MemoryStore().repository('acme/shop/root'),
      reference: `127.0.0.1:5000/acme/shop/root@${DIGEST}`,
      ring: 'testers',
    },
    kubectl,
    environment: 'prod',
    isPersonal: false,
    namespace: 'shop',
    rendered: { text: 'kind: Deployment\n', resources: [resource('apps/v1', 'Deployment', 'api', 'shop')] },
    ...more,
  };
}

/** What the cluster has of the inventory of the site demo. */
export function inventory(...lines: readonly string[]): string {
  return JSON.stringify({ metadata: {}, data: { resources: `${lines.join('\n')}\n` } });
}
