import { readFileSync } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import type { StagePlan } from '../../containerfile/stages';
import { GitopsError } from '../../support/errors';

/** What a user may say of builds by an engine. Each is documented in the schema of the executor `build`. */
export interface EngineOptions {
  readonly network?: string;
  /** `host:address`. */
  readonly extraHosts?: readonly string[];
  /** `id=<id>,src=<file>` or `id=<id>,env=<variable>`. */
  readonly secrets?: readonly string[];
  readonly cacheFrom?: readonly string[];
  readonly noCache?: boolean;
  readonly pull?: boolean;
}

/** Where a secret's bytes are. */
type Secret = { readonly id: string } & ({ readonly file: string } | { readonly variable: string });

/**
 * The secrets of an option, as something to ask by id.
 * @param directory what files are relative to
 * @throws GitopsError for one that is not written as it should be
 */
export function secretsFrom(
  given: readonly string[] = [],
  directory: string,
  environment: NodeJS.ProcessEnv,
): (id: string) => Promise<Buffer | undefined> {
  const secrets = new Map(given.map(parseSecret).map((secret) => [secret.id, secret]));
  return async (id) => {
    const secret = secrets.get(id);
    if (!secret) return undefined;
    if ('variable' in secret) {
      const value = environment[secret.variable];
      return value === undefined ? undefined : Buffer.from(value);
    }
    return read(id, secret.file, directory);
  };
}

function read(id: string, file: string, directory: string): Buffer {
  try {
    return readFileSync(isAbsolute(file) ? file : join(directory, file));
  } catch (error) {
    throw new GitopsError(
      `the secret ${id} cannot be read from ${file} (${(error as NodeJS.ErrnoException).code})`,
      undefined,
      "create the file, or correct the target's option secrets",
    );
  }
}

/** The ids of the secrets that steps mount. */
export function mountedSecrets({ stages }: StagePlan): string[] {
  const mounts = stages.flatMap(({ stage }) =>
    stage.instructions.flatMap((instruction) => (instruction.keyword === 'RUN' ? instruction.mounts : [])),
  );
  return mounts.flatMap(({ type, target, options }) =>
    type === 'secret' ? [options['id'] ?? posix.basename(target ?? '')] : [],
  );
}

function parseSecret(text: string): Secret {
  const fields = new Map(text.split(',').map((field) => split(field)));
  const id = fields.get('id');
  const file = fields.get('src') ?? fields.get('source');
  const variable = fields.get('env');
  if (id && file !== undefined) return { id, file };
  if (id && variable !== undefined) return { id, variable };
  throw new GitopsError(
    'a secret is not written as it should be',
    undefined,
    'write id=<id>,src=<file> or id=<id>,env=<variable>',
  );
}

function split(field: string): [string, string] {
  const at = field.indexOf('=');
  return at === -1 ? [field.trim(), ''] : [field.slice(0, at).trim(), field.slice(at + 1)];
}
