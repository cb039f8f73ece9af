import { type Kubectl, find } from './kubectl';
import type { Listed } from './permissions';
import { accountName } from './manifests';

/** What the script of the root image keeps of a site, in the ConfigMap `gitops-<site>`. */
export interface Inventory {
  /** The root image that ran last, by digest. */
  readonly root?: string;
  /** What is applied. */
  readonly resources: readonly Listed[];
  /** When it was last written, as far as the cluster tells. */
  readonly since?: string;
}

interface ConfigMap {
  readonly metadata: { readonly managedFields?: readonly { readonly time?: string }[] };
  readonly data?: { readonly root?: string; readonly resources?: string };
}

/** @throws GitopsError where it cannot be read */
export async function inventoryOf(kubectl: Kubectl, site: string, namespace: string): Promise<Inventory> {
  const name = accountName(site);
  const found = await find<ConfigMap>(kubectl, 'configmap', name, namespace, '--show-managed-fields');
  const { root, resources = '' } = found?.data ?? {};
  const since = found?.metadata.managedFields
    ?.map(({ time }) => time ?? '')
    .sort()
    .at(-1);
  return {
    ...(root ? { root: root.trim() } : {}),
    resources: resources.split('\n').flatMap(listed),
    ...(since ? { since } : {}),
  };
}

/** `Deployment.apps shop api apps/v1` */
function listed(line: string): Listed[] {
  const [kind, namespace, name, apiVersion] = line.trim().split(' ');
  if (!kind || !namespace || !name || !apiVersion) return [];
  return [{ kind: kind.split('.')[0]!, apiVersion, name, ...(namespace === '-' ? {} : { namespace }) }];
}
