import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Protection, Protections } from '../ledger/protection';
import { parseDuration } from '../support/duration';
import { GitopsError } from '../support/errors';
import { type Parse, parseAnew } from './parsed';
import { FILES, type SettingsTexts, type Which, decodeSettings, readFiles } from './settings-files';
import { type Ring, ringName } from './settings-schema';

export const SETTINGS_FILE = FILES.shared;
export const DEFAULT_STORE = 'oci:.gitops/store';
const DEFAULT_RINGS = ['developers'];
const DEFAULT_INITIAL_VERSION = '0.1.0';

/** What gitops.yaml and gitops.local.yaml say, defaults filled in. Each key is described in schemas/gitops.schema.json. */
export interface Settings {
  /** The first part of every reference name: `acme/shop`. */
  readonly project: string;
  readonly vendor?: string;
  /** The state store: `[http://]host[:port][/path]` of a registry, or `oci:<directory>`. */
  readonly store: string;
  /** The one that gitops.yaml names, where gitops.local.yaml names another. */
  readonly sharedStore?: string;
  /** The name of the root image. */
  readonly root?: string;
  /** In their order, without `ante` and `post`. */
  readonly rings: readonly string[];
  /** By the ring's name; not every ring has one. */
  readonly ringDescriptions?: Readonly<Record<string, string>>;
  /** What protects a ring, by its name; not every ring is. */
  readonly protections?: Protections;
  /** Directories of kustomizations, relative to the workspace, by the environment's name. */
  readonly environments: Readonly<Record<string, string>>;
  /** By their names. */
  readonly sites: Readonly<Record<string, Site>>;
  /** The version of an image that no ring has held. */
  readonly initialVersion: string;
}

/** A place where versions run. */
export interface Site {
  /** One of the environments. */
  readonly environment: string;
  /** One of the rings, or `ante`. */
  readonly ring: string;
  /** The context of the kubeconfig. */
  readonly context?: string;
  /** By default that of the environment, else that of the context. */
  readonly namespace?: string;
  /** The Secret in the namespace with which the cluster pulls images. */
  readonly pullSecret?: string;
}

/**
 * Reads gitops.yaml at the workspace's root, and what gitops.local.yaml beside it adds. Without the files there are
 * defaults: the project is called as the root package.json is.
 *
 * @param parsed knows what was parsed before
 * @throws GitopsError with line and column, where a file is not as it should be
 */
export function readSettings(workspaceRoot: string, parsed: Parse = parseAnew): Settings {
  const text = (which: Which): string | undefined =>
    decodeSettings(readIfThere(join(workspaceRoot, FILES[which])), which);
  const texts = { shared: text('shared'), personal: text('personal') };
  const defaults = defaultSettings(workspaceRoot);
  return parsed('settings', [texts, defaults], () => parseSettings(texts, defaults));
}

/** What holds without a gitops.yaml. */
export function defaultSettings(workspaceRoot: string): Settings {
  return {
    project: workspaceName(workspaceRoot),
    store: DEFAULT_STORE,
    rings: DEFAULT_RINGS,
    environments: {},
    sites: {},
    initialVersion: DEFAULT_INITIAL_VERSION,
  };
}

function parseSettings(texts: SettingsTexts, defaults: Settings): Settings {
  const { shared, personal, rings } = readFiles(texts, defaults.rings);
  const { rings: listed = [], ...others } = shared;
  const descriptions = listed.flatMap((ring) =>
    typeof ring === 'object' && ring.description !== undefined ? [[ring.name, ring.description]] : [],
  );
  const protections = listed.flatMap((ring) => {
    const protection = typeof ring === 'object' ? protectionOf(ring) : {};
    return Object.keys(protection).length > 0 ? [[ringName(ring), protection]] : [];
  });
  return {
    ...defaults,
    ...others,
    ...(personal.store === undefined ? {} : { store: personal.store, sharedStore: others.store }),
    environments: { ...shared.environments, ...personal.environments },
    sites: { ...shared.sites, ...personal.sites },
    rings,
    ...(protections.length > 0 ? { protections: Object.fromEntries(protections) } : {}),
    ...(descriptions.length > 0 ? { ringDescriptions: Object.fromEntries(descriptions) } : {}),
  };
}

function protectionOf({ soak, from, hold }: Ring): Protection {
  return {
    ...(soak === undefined ? {} : { soakMs: parseDuration(soak) }),
    ...(from === undefined ? {} : { from }),
    ...(hold ? { hold } : {}),
  };
}

/**
 * `@acme/shop` → `acme/shop`; a name that no registry takes is made one. A new workspace of Nx is called `@shop/source`,
 * of which only the first part says something.
 */
function workspaceName(workspaceRoot: string): string {
  const text = readIfThere(join(workspaceRoot, 'package.json'));
  let name: unknown;
  try {
    name = text === undefined ? undefined : (JSON.parse(text.toString()) as { name?: unknown }).name;
  } catch {
    // A package.json that cannot be read is npm's to complain about.
  }
  return typeof name === 'string' && name !== ''
    ? repositoryPath(name.replace(/^@([^/]+)\/source$/, '$1'))
    : 'workspace';
}

/** Any name as a repository's: lower case, with dashes for what is not allowed. */
export function repositoryPath(name: string): string {
  const parts = name
    .replace(/^@/, '')
    .toLowerCase()
    .split('/')
    .map((part) => part.replace(/[^a-z0-9._-]+/g, '-').replace(/^[._-]+|[._-]+$/g, ''))
    // Of what may stand between letters only these may stand together.
    .map((part) => part.replace(/[._-]{2,}/g, (run) => (/^(__|-+)$/.test(run) ? run : '-')));
  return parts.filter((part) => part !== '').join('/') || 'workspace';
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new GitopsError(`it cannot be read (${code})`, { file: basename(file) });
  }
}
