import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { GitopsError } from '../support/errors';
import { SettingsDocument } from '../workspace/settings-document';
import { type Kubectl, succeed } from './kubectl';

/** A Kubernetes object, as far as it matters here. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: unknown;
}

/** What a release brings to a site. */
export interface Rendered {
  /** YAML, as it is applied. */
  readonly text: string;
  readonly resources: readonly Resource[];
}

export interface RenderOptions {
  /** The directory of the environment, below `environments`. */
  readonly environment: string;
  readonly namespace: string;
  /** With which the cluster pulls images. */
  readonly pullSecret?: string;
}

const KUSTOMIZATIONS = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const POD_MAKERS = 'Deployment|StatefulSet|DaemonSet|Job';

/**
 * The namespace that an environment names for what is in it.
 * @param content what the root image has in /gitops
 * @throws GitopsError where there is no such environment
 */
export function namespaceOf(content: string, environment: string): string | undefined {
  const { namespace } = kustomizationOf(content, environment);
  return typeof namespace === 'string' ? namespace : undefined;
}

/**
 * Renders an environment with the versions that the release pins: the same as the script of the root image does.
 * @param content what the root image has in /gitops; a directory is made beside it
 * @throws GitopsError where there is no such environment, and where kustomize cannot render it
 */
export async function render(kubectl: Kubectl, content: string, options: RenderOptions): Promise<Rendered> {
  const directory = join(content, '../render');
  mkdirSync(directory, { recursive: true });
  const file = kustomization(content, options);
  writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(file));
  const what = `the environment ${options.environment} cannot be rendered`;
  // Without charts, it does not look for helm.
  const text = await succeed(kubectl, ['kustomize', '--enable-helm', directory], what);
  return { text, resources: parse(text) };
}

/** The rendered YAML with the values of Secrets hidden. */
export function withoutSecrets({ text }: Rendered): string {
  const yaml = require('yaml') as typeof import('yaml');
  return yaml
    .parseAllDocuments(text)
    .map((document) => {
      if (document.get('kind') === 'Secret')
        for (const key of ['data', 'stringData']) if (document.has(key)) document.set(key, '(hidden)');
      return document.toString({ lineWidth: 0, directives: false });
    })
    .join('---\n');
}

function kustomization(
  content: string,
  { environment, namespace, pullSecret }: RenderOptions,
): Record<string, unknown> {
  const own = kustomizationOf(content, environment);
  return {
    resources: [posix.join('../gitops/environments', environment)],
    ...(existsSync(join(content, 'dependencies')) ? { components: ['../gitops/dependencies'] } : {}),
    // What names another namespace than the environment stays there.
    ...(own['namespace'] === undefined
      ? {
          transformers: [
            JSON.stringify({
              apiVersion: 'builtin',
              kind: 'NamespaceTransformer',
              unsetOnly: true,
              metadata: { name: 'namespace', namespace },
            }),
          ],
        }
      : { namespace }),
    ...(pullSecret === undefined ? {} : { patches: pullPatches(pullSecret) }),
  };
}

function pullPatches(name: string): object[] {
  const template = { spec: { imagePullSecrets: [{ name }] } };
  const patch = (kind: string, spec: object): object => ({
    target: { kind },
    patch: JSON.stringify({ kind: 'x', metadata: { name: 'x' }, spec }),
  });
  return [patch(POD_MAKERS, { template }), patch('CronJob', { jobTemplate: { spec: { template } } })];
}

function kustomizationOf(content: string, environment: string): Record<string, unknown> {
  const directory = join(content, 'environments', environment);
  const file = KUSTOMIZATIONS.find((name) => existsSync(join(directory, name)));
  if (file === undefined) {
    const all = existsSync(join(content, 'environments')) ? readdirSync(join(content, 'environments')) : [];
    const known = all.filter((name) => !name.startsWith('.')).sort();
    throw new GitopsError(
      `the root image has no environment ${environment}`,
      undefined,
      known.length > 0
        ? `it has ${known.join(', ')}; push it again, or use one of these`
        : 'add one, and push it again',
    );
  }
  const text = readFileSync(join(directory, file), 'utf8');
  const { value } = new SettingsDocument(text, posix.join('environments', environment, file));
  return (value ?? {}) as Record<string, unknown>;
}

function parse(text: string): Resource[] {
  const yaml = require('yaml') as typeof import('yaml');
  return yaml
    .parseAllDocuments(text)
    .map((document) => document.toJS() as Resource | null)
    .filter((resource) => resource !== null);
}
