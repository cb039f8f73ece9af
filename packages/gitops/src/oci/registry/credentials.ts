import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../store-error';
import { askHelper } from './credential-helper';

/** What a registry, or its token server, accepts. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** Exchanged for tokens at the token server (OAuth 2 refresh token). */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** Sent to the registry as it is. */
  | { readonly kind: 'registry-token'; readonly token: string };

export interface FoundCredentials {
  readonly credentials?: Credentials;
  /** Why there may be none although the user has set something up: for the message of a 401. */
  readonly note?: string;
}

/** The part of docker's config.json, and of podman's auth.json, that is about credentials. */
interface AuthFile {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/**
 * The credentials that docker or podman keep for a registry. Files are asked in this order, the first that has some
 * counts: REGISTRY_AUTH_FILE, which is the only one if it is set; DOCKER_CONFIG or ~/.docker; podman's auth.json.
 * In a file a helper comes before what the file itself has.
 * @param keys the names of the registry, see Endpoint
 * @throws StoreError `corrupt` when such a file is not JSON
 */
export async function findCredentials(
  keys: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): Promise<FoundCredentials> {
  let note: string | undefined;
  for (const path of authFiles(env, home)) {
    const file = readAuthFile(path);
    if (!file) continue;
    const found = await findIn(file, keys, env);
    if (found.credentials) return found;
    note ??= found.note;
  }
  return { note };
}

/** The files in which there may be credentials (containers-auth.json(5)). */
export function authFiles(env: NodeJS.ProcessEnv, home: string): string[] {
  if (env['REGISTRY_AUTH_FILE']) return [env['REGISTRY_AUTH_FILE']];
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
    // Without a session, as for root and in CI, podman keeps them by the user's number.
    runtime ? join(runtime, 'containers/auth.json') : `/run/containers/${process.getuid?.()}/auth.json`,
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers/auth.json'),
  ];
}

function readAuthFile(path: string): AuthFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return (JSON.parse(text) as AuthFile | null) ?? {};
  } catch {
    // The parser's message would quote the file.
    throw new StoreError('corrupt', `${path} is not JSON`, 'correct it, or log in again');
  }
}

async function findIn(
  file: AuthFile,
  keys: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<FoundCredentials> {
  const helper = keys.map((key) => file.credHelpers?.[key]).find(Boolean) ?? file.credsStore;
  const asked = helper ? await askHelper(helper, keys[0]!, env) : {};
  return asked.credentials ? asked : { credentials: entryFor(file, keys), note: asked.note };
}

function entryFor({ auths = {} }: AuthFile, keys: readonly string[]): Credentials | undefined {
  const wanted = new Set(keys.map(hostOf));
  for (const [key, entry] of Object.entries(auths)) {
    const credentials = wanted.has(hostOf(key)) ? credentialsOf(entry) : undefined;
    if (credentials) return credentials;
  }
  return undefined;
}

/** Old versions of docker wrote whole addresses: `https://registry.example.com/v1/`. */
function hostOf(key: string): string {
  return key
    .replace(/^https?:\/\//, '')
    .replace(/\/(v[12]\/?)?$/, '')
    .toLowerCase();
}

function credentialsOf({
  auth,
  username,
  password,
  identitytoken,
  registrytoken,
}: AuthEntry): Credentials | undefined {
  if (registrytoken) return { kind: 'registry-token', token: registrytoken };
  if (identitytoken) return { kind: 'identity-token', token: identitytoken };
  if (username && password) return { kind: 'password', username, password };
  const [, user, secret] =
    /^([^:]+):([\s\S]+)$/.exec(Buffer.from(auth ?? '', 'base64').toString('utf8')) ?? [];
  // Docker once padded with NUL.
  return user && secret
    ? { kind: 'password', username: user, password: secret.replace(/\0+$/, '') }
    : undefined;
}
