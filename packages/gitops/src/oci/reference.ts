import { GitopsError, type Place } from '../support/errors';

/** An image reference in its parts: `host/repository:tag@digest`. */
export interface Reference {
  /** With its port. None where the reference was written without: then it is Docker Hub's. */
  readonly host?: string;
  /** As written, without the host. */
  readonly repository: string;
  readonly tag?: string;
  /** With its algorithm: `sha256:…`. */
  readonly digest?: string;
}

const DOCKER_HUB = 'docker.io';
const OFFICIAL = 'library/';
const MAX_REPOSITORY = 255;

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*):([0-9a-fA-F]{32,})$/;
const IMAGE_ID = /^[a-f0-9]{64}$/;
/** Digits of the algorithms that the OCI image specification registers. */
const DIGEST_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/**
 * Takes a reference apart.
 * Source: distribution's reference grammar; what is a host, as Docker decides it.
 * @param place where the reference was written, for the error
 * @throws GitopsError that says which part is wrong
 */
export function parseReference(text: string, place?: Place): Reference {
  const check = (valid: boolean, problem: string, remedy?: string): void => {
    if (!valid) throw new GitopsError(`image reference ${JSON.stringify(text)}: ${problem}`, place, remedy);
  };
  check(text !== '', 'it is empty', 'write one, as in alpine:3.20');
  check(!/\s/.test(text), 'it has white space in it');

  const [beforeDigest, digest] = cut(text, text.indexOf('@'));
  const [name, tag] = cut(beforeDigest, afterLastSlash(beforeDigest));
  const [host, repository] = splitHost(name);

  check(host === undefined || HOST.test(host), `${host} is not a host`);
  check(repository !== '', 'it names no repository');
  check(
    repository === repository.toLowerCase(),
    `the repository ${repository} has upper case in it`,
    'write it in lower case',
  );
  check(
    repository.split('/').every((part) => COMPONENT.test(part)),
    `${repository} is not a repository`,
    'use a-z, 0-9, and ., _ or - between them',
  );
  check(repository.length <= MAX_REPOSITORY, `the repository is longer than ${MAX_REPOSITORY} characters`);
  check(
    host !== undefined || !IMAGE_ID.test(repository),
    'it is an image ID, not a reference',
    'name the repository',
  );
  check(
    tag === undefined || TAG.test(tag),
    `${tag || 'the empty text'} is not a tag`,
    'use up to 128 of a-z, A-Z, 0-9, _, . and -',
  );
  if (digest !== undefined) checkDigest(digest, check);

  return {
    ...(host !== undefined && { host }),
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** `alpine` → `docker.io/library/alpine:latest`: with host and, where there is no digest, with tag. */
export function normalizeReference(reference: Reference): Reference {
  const { host = DOCKER_HUB, repository, tag, digest } = reference;
  const hub = host === DOCKER_HUB || host === `index.${DOCKER_HUB}`;
  return {
    ...reference,
    host: hub ? DOCKER_HUB : host,
    repository: hub && !repository.includes('/') ? OFFICIAL + repository : repository,
    ...(tag === undefined && digest === undefined && { tag: 'latest' }),
  };
}

export function formatReference({ host, repository, tag, digest }: Reference): string {
  return `${host === undefined ? '' : `${host}/`}${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The short form that Docker shows: `docker.io/library/alpine:3` → `alpine:3`, where that means the same. */
export function formatFamiliar(reference: Reference): string {
  const { host, repository } = normalizeReference(reference);
  if (host !== DOCKER_HUB) return formatReference(reference);
  const official = /^library\/([^/]+)$/.exec(repository)?.[1] ?? repository;
  const short = IMAGE_ID.test(official) ? repository : official;
  return formatReference({
    ...reference,
    host: splitHost(short)[0] === undefined ? undefined : host,
    repository: short,
  });
}

type Check = (valid: boolean, problem: string, remedy?: string) => void;

function checkDigest(digest: string, check: Check): void {
  const [, algorithm = '', encoded = ''] = DIGEST.exec(digest) ?? [];
  check(
    algorithm !== '',
    `${digest || 'the empty text'} is not a digest`,
    'write it as sha256: and 64 hexadecimal digits',
  );
  const length = DIGEST_LENGTHS[algorithm];
  check(
    length === undefined || (encoded.length === length && encoded === encoded.toLowerCase()),
    `a ${algorithm} digest has ${length} hexadecimal digits in lower case`,
  );
}

/** The first component is a host if it cannot be one of a repository: by `.`, `:`, upper case, or as localhost. */
function splitHost(name: string): [host: string | undefined, repository: string] {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  return /[.:A-Z]/.test(first) || first === 'localhost' ? [first, name.slice(slash + 1)] : [undefined, name];
}

/** Where the tag's colon is: a colon before the last slash belongs to a port. */
function afterLastSlash(name: string): number {
  return name.indexOf(':', name.lastIndexOf('/') + 1);
}

function cut(text: string, at: number): [before: string, after: string | undefined] {
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
