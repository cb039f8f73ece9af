import type { Desk } from './desk';
import { inventoryOf } from './inventory';
import { failure } from './kubectl';

/**
 * Compares what a release would bring to a site with what is there. Nothing is touched.
 * @returns the differences as kubectl words them, and what would be removed; empty where there are none
 * @throws GitopsError where the cluster cannot be compared
 */
export async function differences({ kubectl, site, namespace, rendered }: Desk): Promise<string> {
  const args = ['diff', '--server-side', '--field-manager=gitops', '-f', '-'];
  const called = await kubectl.call(args, { input: rendered.text });
  if (called.code > 1 || (called.code === 1 && called.stdout === ''))
    throw failure(`the site ${site.name} cannot be compared`, called);
  const { resources } = await inventoryOf(kubectl, site.name, namespace);
  const key = (kind: string, apiVersion: string, name: string, where?: string): string =>
    [kind, apiVersion.replace(/\/?[^/]*$/, ''), name, where ?? ''].join(' ');
  const wanted = new Set(
    rendered.resources.map(({ kind, apiVersion, metadata }) =>
      key(kind, apiVersion, metadata.name, metadata.namespace),
    ),
  );
  const gone = resources.filter(
    ({ kind, apiVersion, name, namespace: where }) =>
      !wanted.has(key(kind, apiVersion, name, where)) &&
      // The namespace that holds the inventory stays.
      !(kind === 'Namespace' && name === namespace),
  );
  return [called.stdout, ...gone.map(({ kind, name }) => `- ${kind} ${name} would be removed\n`)].join('');
}
