import type { Ledger } from '../ledger/ledger';
import { Rings } from '../ledger/rings';
import { imageState } from '../ledger/state';
import type { Store, WritableRepository } from '../oci/store';
import type { Digest } from '../oci/types';
import { GitopsError } from '../support/errors';
import { referenceName } from '../workspace/image';
import { type Settings, type Site, SETTINGS_FILE } from '../workspace/settings';
import { storePrefix } from '../workspace/store-location';

/** A version of the root image, as the store has it. */
export interface Release {
  readonly image: string;
  readonly version: string;
  readonly digest: Digest;
  readonly repository: WritableRepository;
  /** What a cluster pulls: by digest. */
  readonly reference: string;
  /** The ring that holds it; undefined where it was asked for by its version. */
  readonly ring?: string;
}

export interface Wanted {
  readonly ring?: string;
  readonly version?: string;
}

/** Where releases are looked up. */
export interface Releases {
  readonly settings: Settings;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly repositoryOf: (image: string) => WritableRepository;
}

/**
 * A site by its name.
 * @throws GitopsError for one that is not there
 */
export function siteOf({ sites }: Settings, name: string | undefined): Site & { readonly name: string } {
  const known = Object.keys(sites);
  const chosen = name ?? (known.length === 1 ? known[0] : undefined);
  if (chosen !== undefined && Object.hasOwn(sites, chosen)) return { ...sites[chosen]!, name: chosen };
  if (known.length === 0)
    throw new GitopsError(
      `${SETTINGS_FILE} has no site`,
      undefined,
      'add one: npx nx g gitops:site demo --environment=prod --ring=developers',
    );
  throw new GitopsError(
    chosen === undefined ? 'there are several sites' : `there is no site ${chosen}`,
    undefined,
    `use one of ${known.join(', ')}, as in -c ${known[0]}`,
  );
}

/**
 * The release that a site is to run: what its ring holds of the root image, once and for all by its digest.
 * @param wanted another ring, or a version
 * @throws GitopsError where there is none
 */
export async function releaseFor(
  { settings, ledger, repositoryOf }: Omit<Releases, 'store'>,
  site: Site,
  wanted: Wanted,
): Promise<Release> {
  const image = rootOf(settings);
  const repository = repositoryOf(image);
  const common = { image, repository };
  const named = (digest: Digest): string =>
    `${storePrefix(settings.store)}/${referenceName({ name: image }, settings)}@${digest}`;
  if (wanted.version !== undefined) {
    const { version } = wanted;
    if (new Rings(settings.rings).has(version))
      throw new GitopsError(`${version} is a ring, not a version`, undefined, `use --ring=${version}`);
    const descriptor = await repository.resolve(version);
    if (!descriptor)
      throw new GitopsError(
        `there is no ${image} ${version} in ${repository.where}`,
        undefined,
        'see npx nx rings --log',
      );
    return { ...common, version, digest: descriptor.digest, reference: named(descriptor.digest) };
  }
  const ring = wanted.ring ?? site.ring;
  new Rings(settings.rings).target(ring);
  const { rings, versions } = imageState((await ledger.read()).state, image);
  const version = rings[ring];
  if (version === undefined)
    throw new GitopsError(
      `the ring ${ring} holds no ${image}`,
      undefined,
      `push it there, or promote it: npx nx image-push ${image} --ring=${ring}`,
    );
  const { digest } = versions[version]!;
  return { ...common, version, digest, ring, reference: named(digest) };
}

/** @throws GitopsError where gitops.yaml names no root image */
export function rootOf({ root }: Settings): string {
  if (root !== undefined) return root;
  throw new GitopsError(
    'it names no root image',
    { file: SETTINGS_FILE },
    'make one: npx nx g gitops:root; or write root: and its name',
  );
}

/**
 * The directory of a site's environment, as the root image has it below /gitops/environments.
 * @param rootDirectory the root image's project
 * @throws GitopsError for an environment that is elsewhere
 */
export function environmentIn(
  { environments }: Settings,
  { environment }: Site,
  rootDirectory: string,
): string {
  const directory = environments[environment]!.replace(/^\.\//, '').replace(/\/$/, '');
  const parent = `${rootDirectory === '.' ? '' : `${rootDirectory}/`}environments/`;
  if (directory.startsWith(parent)) return directory.slice(parent.length);
  throw new GitopsError(
    `the environment ${environment} is in ${directory}, which is not below ${parent.slice(0, -1)}: the root image does not have it`,
    { file: SETTINGS_FILE },
    `move it there: npx nx g gitops:environment ${environment} --directory=${parent}${environment}`,
  );
}
