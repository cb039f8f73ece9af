import { canonicalJson } from '../oci/json';
import { describe } from '../oci/manifest';
import { OCI } from '../oci/media-types';
import type { RawManifest } from '../oci/store';
import type { Descriptor, ImageConfig, Manifest } from '../oci/types';
import { GitopsError } from '../support/errors';

const VERSION = 'org.opencontainers.image.version';
const BASE_DIGEST = 'org.opencontainers.image.base.digest';
const DEPENDENCY = 'dependency.';
/** What is said by us alone. */
const OWN =
  /^(org\.opencontainers\.image\.(version|revision|ref\.name|base\.name|base\.digest)|dependency\..*)$/;

/** What makes an image of what was built this very one. */
export interface Identity {
  readonly version: string;
  /** The labels `dependency.*`, without that. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** What the image it is made from is called in the store; where that is one of the workspace. */
  readonly baseDigest?: string;
  /** Labels that the target's options add. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A configuration and a manifest as they are stored. */
export interface Stamped {
  readonly config: RawManifest;
  readonly manifest: RawManifest;
  readonly descriptor: Descriptor;
}

/** Gives an image its identity: only labels change, no layer does. */
export function stamp(config: ImageConfig, layers: readonly Descriptor[], identity: Identity): Stamped {
  const before = Object.entries(config.config?.Labels ?? {}).filter(([name]) => !name.startsWith(DEPENDENCY));
  const labels = {
    ...Object.fromEntries(before),
    ...identity.labels,
    [VERSION]: identity.version,
    ...(identity.baseDigest === undefined ? {} : { [BASE_DIGEST]: identity.baseDigest }),
    ...Object.fromEntries(
      Object.entries(identity.dependencies).map(([name, version]) => [`${DEPENDENCY}${name}`, version]),
    ),
  };
  const stamped: ImageConfig = { ...config, config: { ...config.config, Labels: labels } };
  const rawConfig = { mediaType: OCI.config, bytes: canonicalJson(stamped) };
  const document: Manifest = {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: describe(rawConfig),
    layers,
  };
  const manifest = { mediaType: OCI.manifest, bytes: canonicalJson(document) };
  return { config: rawConfig, manifest, descriptor: describe(manifest) };
}

/**
 * Reads labels of an option, each `name=value`.
 * @throws GitopsError for what is none, and for a name that says what only gitops knows
 */
export function readLabels(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      const name = text.slice(0, at).trim();
      if (at < 1 || name === '')
        throw new GitopsError(`the label ${JSON.stringify(text)} has no name`, undefined, 'write name=value');
      if (OWN.test(name))
        throw new GitopsError(`the label ${name} is set by gitops`, undefined, 'take it out of the labels');
      return [name, text.slice(at + 1)];
    }),
  );
}
