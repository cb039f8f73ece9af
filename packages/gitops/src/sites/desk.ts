import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LayerTrees } from '../builders/assemble/layer-trees';
import { imagesOf } from '../publish/version';
import { GitopsError } from '../support/errors';
import { referenceName } from '../workspace/image';
import type { Site } from '../workspace/settings';
import { takeOut } from './content';
import { type Kubectl, contextNamespace, kubectlOf } from './kubectl';
import { type Release, type Releases, type Wanted, environmentIn, releaseFor, siteOf } from './release';
import { type Rendered, namespaceOf, render } from './render';

/** A site, and the release that is to run there. */
export interface Desk {
  readonly site: Site & { readonly name: string };
  readonly release: Release;
  readonly kubectl: Kubectl;
  /** The directory of the environment, below `environments`. */
  readonly environment: string;
  /** Whether the root image does not have the environment: it is somebody's own, and taken from the workspace. */
  readonly isPersonal: boolean;
  readonly namespace: string;
  readonly rendered: Rendered;
}

export interface DeskOptions extends Wanted {
  /** By default the only one. */
  readonly site?: string;
}

export interface Surroundings extends Releases {
  /** The workspace's root. */
  readonly root: string;
  /** The directory of the root image's project, relative to that. */
  readonly rootDirectory: string;
  readonly trees: LayerTrees;
  readonly kubectl?: (context?: string) => Kubectl;
}

/**
 * Looks up what a site is to run, takes it out of the root image, and renders it. Nothing is touched, here or there.
 * @throws GitopsError that says what is wrong
 */
export async function atSite<T>(
  surroundings: Surroundings,
  options: DeskOptions,
  work: (desk: Desk) => Promise<T>,
): Promise<T> {
  const { settings, root, rootDirectory, trees } = surroundings;
  const site = siteOf(settings, options.site);
  const release = await releaseFor(surroundings, site, options);
  const environment = environmentIn(settings, site, rootDirectory);
  const kubectl = (surroundings.kubectl ?? kubectlOf)(site.context);
  const directory = mkdtempSync(join(tmpdir(), 'gitops-site-'));
  try {
    const content = join(directory, 'gitops');
    await takeContent(release, trees, content, referenceName({ name: release.image }, settings));
    const own = join(root, settings.environments[site.environment]!);
    const isPersonal = !existsSync(join(content, 'environments', environment)) && isBelowLocal(environment);
    if (isPersonal && existsSync(own))
      cpSync(own, join(content, 'environments', environment), { recursive: true });
    const namespace =
      site.namespace ?? namespaceOf(content, environment) ?? (await contextNamespace(kubectl)) ?? 'default';
    const { pullSecret } = site;
    const rendered = await render(kubectl, content, { environment, namespace, pullSecret });
    return await work({ site, release, kubectl, environment, isPersonal, namespace, rendered });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** As the generator of personal environments has it. */
function isBelowLocal(environment: string): boolean {
  return environment.startsWith('local/');
}

async function takeContent(
  { repository, digest, version, image }: Release,
  trees: LayerTrees,
  to: string,
  name: string,
): Promise<void> {
  const descriptor = await repository.resolve(digest);
  if (!descriptor)
    throw new GitopsError(
      `${repository.where} does not have ${image} ${version}, ${digest}`,
      undefined,
      'restore it from a copy of the store, or push a new version',
    );
  const [first] = await imagesOf(repository, descriptor);
  if (await takeOut(first!, repository, trees, to)) return;
  throw new GitopsError(
    `${name} ${version} has nothing in /gitops`,
    undefined,
    'a root image brings its files there: npx nx g gitops:root shows how',
  );
}
