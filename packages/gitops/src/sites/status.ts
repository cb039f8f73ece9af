import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { State } from '../ledger/state';
import { imageState } from '../ledger/state';
import type { WritableRepository } from '../oci/store';
import type { Digest } from '../oci/types';
import type { Running } from '../publish/prune/running';
import { imagesOf } from '../publish/version';
import { GitopsError } from '../support/errors';
import { inParallel } from '../support/parallel';
import { kustomizationIn } from '../workspace/kustomize/kustomization';
import type { Settings, Site } from '../workspace/settings';
import { inventoryOf } from './inventory';
import { type Kubectl, contextNamespace, find, kubectlOf } from './kubectl';
import { accountName } from './manifests';
import { rootOf } from './release';

/** What a site runs, beside what it is to run. */
export interface SiteStatus {
  readonly site: string;
  readonly environment: string;
  readonly ring: string;
  /** What its ring holds of the root image. */
  readonly holds?: string;
  /** The version of the root image that ran last; the digest where nobody knows that. */
  readonly runs?: string;
  /** RFC 3339, by the cluster's clock. */
  readonly since?: string;
  /** Whether it follows its ring by itself, and whether that is suspended. */
  readonly follows?: 'yes' | 'suspended';
  /** Why it is not known. */
  readonly problem?: string;
}

interface Context {
  readonly settings: Settings;
  readonly state: State;
  /** The workspace's root. */
  readonly root: string;
  readonly repositoryOf: (image: string) => WritableRepository;
  readonly kubectl?: (context?: string) => Kubectl;
}

const VERSION = 'org.opencontainers.image.version';
const AT_ONCE = 4;

/**
 * What each site runs. A cluster that cannot be asked does not stand in the way of the others.
 * @throws GitopsError where gitops.yaml names no root image
 */
export async function siteStatuses(context: Context): Promise<SiteStatus[]> {
  const { sites } = context.settings;
  rootOf(context.settings);
  const found = new Map<string, SiteStatus>();
  await inParallel(Object.entries(sites), AT_ONCE, async ([name, site]) => {
    found.set(name, await statusOf(name, site, context));
  });
  return Object.keys(sites).map((name) => found.get(name)!);
}

async function statusOf(name: string, site: Site, context: Context): Promise<SiteStatus> {
  const { settings, state } = context;
  const { environment, ring } = site;
  const { rings } = imageState(state, rootOf(settings));
  const common = {
    site: name,
    environment,
    ring,
    ...(rings[ring] === undefined ? {} : { holds: rings[ring] }),
  };
  const kubectl = (context.kubectl ?? kubectlOf)(site.context);
  try {
    const namespace = await namespaceAt(kubectl, site, context);
    const { root, since } = await inventoryOf(kubectl, name, namespace);
    const cron = await find<{ spec: { suspend?: boolean } }>(
      kubectl,
      'cronjob',
      accountName(name),
      namespace,
    );
    return {
      ...common,
      ...(root === undefined ? {} : { runs: await versionOf(root, context) }),
      ...(since === undefined || root === undefined ? {} : { since }),
      ...(cron ? { follows: cron.spec.suspend ? 'suspended' : 'yes' } : {}),
    };
  } catch (error) {
    if (!(error instanceof GitopsError)) throw error;
    return { ...common, problem: error.message };
  }
}

/**
 * The root images that sites run, by digest: one that was never deployed to runs none.
 * @throws GitopsError where a cluster cannot be asked
 */
export async function runningRoots(context: Omit<Context, 'state' | 'repositoryOf'>): Promise<Running[]> {
  const running: Running[] = [];
  await inParallel(Object.entries(context.settings.sites), AT_ONCE, async ([name, site]) => {
    const kubectl = (context.kubectl ?? kubectlOf)(site.context);
    try {
      const { root } = await inventoryOf(kubectl, name, await namespaceAt(kubectl, site, context));
      if (root !== undefined) running.push({ site: name, digest: root.replace(/^.*@/, '') as Digest });
    } catch (error) {
      if (!(error instanceof GitopsError)) throw error;
      throw new GitopsError(
        `it is not known what the site ${name} runs: ${error.what}`,
        undefined,
        `${error.remedy ?? 'mend that'}; or leave the sites out of account, with --sites=false`,
      );
    }
  });
  return running.sort((a, b) => (a.site < b.site ? -1 : 1));
}

async function namespaceAt(
  kubectl: Kubectl,
  site: Site,
  context: Pick<Context, 'settings' | 'root'>,
): Promise<string> {
  return (
    site.namespace ??
    environmentNamespace(context, site.environment) ??
    (await contextNamespace(kubectl)) ??
    'default'
  );
}

function environmentNamespace(
  { settings, root }: Pick<Context, 'settings' | 'root'>,
  environment: string,
): string | undefined {
  const read = (path: string): string | undefined =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
  return kustomizationIn(settings.environments[environment]!, read)?.namespace;
}

async function versionOf(reference: string, { settings, state, repositoryOf }: Context): Promise<string> {
  const image = rootOf(settings);
  const digest = reference.replace(/^.*@/, '');
  const { versions } = imageState(state, image);
  const held = Object.entries(versions).find(([, version]) => version.digest === digest);
  if (held) return held[0];
  // No ring holds it any more.
  const descriptor = await repositoryOf(image)
    .resolve(digest)
    .catch(() => undefined);
  if (!descriptor) return digest;
  const [first] = await imagesOf(repositoryOf(image), descriptor);
  return (await first!.config()).config?.Labels?.[VERSION] ?? digest;
}

/** The sites as a table, without the last line's end. */
export function statusTable(statuses: readonly SiteStatus[]): string {
  const rows = statuses.map(
    ({ site, environment, ring, holds = '-', runs = '-', since = '', follows, problem }) => {
      const state =
        problem ?? (runs === '-' ? 'not deployed' : runs === holds ? 'as its ring' : 'other than its ring');
      const by = follows === undefined ? '' : follows === 'yes' ? ', follows it' : ', following is suspended';
      return [site, environment, ring, holds, runs, since, `${state}${by}`];
    },
  );
  const all = [['SITE', 'ENVIRONMENT', 'RING', 'HOLDS', 'RUNS', 'SINCE', ''], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
