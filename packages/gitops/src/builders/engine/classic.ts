import { relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { PackOptions } from 'tar-fs';
import type { Tree } from '../../filetree/entry';
import { FIXED_TIME } from '../../filetree/tar/header';
import type { Digest } from '../../oci/digest';
import { call } from './call';
import type { Engine } from './connect/connect';
import { buildFailure } from './progress/failure';
import type { Credentials } from './session/auth';
import { engineMessages, errorOf } from './progress/stream';
import { type BuildQuery, type BuildRequest, buildParameters } from './request';

/** Unlike any file of a project, and hidden from COPY by the ignore file beside it. */
const CONTAINERFILE = '.gitops.Containerfile';

/** Credentials of Docker Hub are kept under a name of its past. */
const HUB = 'docker.io';
const HUB_LOGIN = 'https://index.docker.io/v1/';

/** Where each engine looks for an ignore file first. */
const IGNORE_FILE = { docker: '.dockerignore', podman: '.containerignore' } as const;

/** A build context that is a directory. */
export interface DirectoryContext extends Tree {
  /** Absolute. */
  readonly root: string;
}

/** What a build that takes its context as an archive needs besides. */
export interface ClassicOptions {
  /** Credentials by registry host, for the bases to pull: all of those that the build may need, and no others. */
  readonly credentials?: ReadonlyMap<string, Credentials>;
  /** The secrets that are mounted, by id. Podman alone takes them, and keeps them out of the context. */
  readonly secrets?: ReadonlyMap<string, Buffer>;
}

/**
 * Builds where there is no BuildKit: the context goes there as a whole.
 * @param onOutput the builder's output, line by line
 * @returns the image's id
 * @throws GitopsError the build failed
 */
export async function buildClassic(
  { docker, kind }: Pick<Engine, 'docker' | 'kind'>,
  request: BuildRequest & { readonly context: DirectoryContext },
  { credentials, secrets = new Map() }: ClassicOptions,
  onOutput: (line: string) => void,
): Promise<Digest> {
  const answer = await call(docker, 'POST', '/build', {
    query: {
      ...buildParameters(request.query),
      ...(kind === 'podman' && podmanParameters(request.query, [...secrets.keys()])),
      version: '1',
      dockerfile: CONTAINERFILE,
      // What a step leaves behind is removed, though it fails.
      rm: true,
      forcerm: true,
    },
    ...(credentials?.size && { headers: { 'X-Registry-Config': registryConfig(credentials) } }),
    body: packContext(request.context, recipe(request.text, IGNORE_FILE[kind], [...secrets.values()])),
    signal: request.signal,
  });
  return follow(docker, answer, request, onOutput);
}

async function follow(
  docker: Docker,
  answer: AsyncIterable<Buffer>,
  { containerfile }: BuildRequest,
  onOutput: (line: string) => void,
): Promise<Digest> {
  let id: string | undefined;
  let last = '';
  const tail: string[] = [];
  for await (const message of engineMessages(answer)) {
    const error = errorOf(message);
    if (error !== undefined) throw buildFailure(error, containerfile, stepOf(last, error, tail));
    if (typeof message.aux === 'object' && message.aux.ID) id = message.aux.ID;
    for (const line of (message.stream ?? '').split('\n').filter((text) => text.trim())) {
      if (isStep(line)) [last, tail.length] = [line, 0];
      else if (!BOOKKEEPING.test(line)) tail.push(line);
      onOutput(line);
      // Podman says it in words alone.
      id ??= /^Successfully built ([0-9a-f]{12,64})$/.exec(line)?.[1];
    }
  }
  if (!id) throw buildFailure('the engine ended the build without an image', containerfile);
  return (await docker.getImage(id).inspect()).Id.replace(/^(?!sha256:)/, 'sha256:') as Digest;
}

/** Docker's `Step 2/5 : RUN npm ci`, Podman's `[1/2] STEP 2/5: RUN npm ci`. */
const STEP = /^(?:\[\d+\/\d+\] )?step (\d+)\/(\d+) ?: (.*)$/i;

/** What the builder says of itself between the lines of a step's output. */
const BOOKKEEPING = /^( ?-+> |Removing intermediate container )/;

function isStep(line: string): boolean {
  return STEP.test(line);
}

function stepOf(line: string, error: string, tail: readonly string[]) {
  const [, number = '0', , text = ''] = STEP.exec(line) ?? [];
  return text ? { step: { number: Number(number), name: text }, error, tail: tail.slice(-20) } : undefined;
}

/** What Podman takes in a form of its own. */
function podmanParameters({ extrahosts }: BuildQuery, secrets: readonly string[]): Record<string, string> {
  return {
    ...(extrahosts && { extrahosts: JSON.stringify(extrahosts) }),
    ...(secrets.length > 0 && {
      secrets: JSON.stringify(secrets.map((id, i) => `id=${id},src=${secretFile(i)}`)),
    }),
  };
}

function secretFile(number: number): string {
  return `.gitops.secret-${number}`;
}

/** The container file and what else is not of the context, with an ignore file by which COPY does not see it. */
function recipe(
  containerfile: string,
  ignoreFile: string,
  secrets: readonly Buffer[],
): Record<string, string | Buffer> {
  const files = {
    [CONTAINERFILE]: containerfile,
    ...Object.fromEntries(secrets.map((secret, i) => [secretFile(i), secret])),
  };
  return { ...files, [ignoreFile]: [...Object.keys(files), ignoreFile, ''].join('\n') };
}

/** The context as an archive: sorted, filtered, with owners, modes and times that depend on nothing but the files. */
function packContext(
  context: DirectoryContext,
  generated: Readonly<Record<string, string | Buffer>>,
): Readable {
  const path = (name: string) => relative(context.root, name).split(sep).join('/');
  const mtime = new Date(FIXED_TIME * 1000);
  const options: PackOptions & { sort: true; umask: number } = {
    sort: true,
    // Otherwise modes would depend on the umask.
    umask: 0,
    ignore: (name) => path(name) !== '' && (path(name) in generated || !context.get(path(name))),
    map: (header) => ({
      ...header,
      mode: context.get(clean(header.name))?.mode ?? 0o755,
      uid: 0,
      gid: 0,
      mtime,
    }),
    finalize: false,
    finish: (archive) => {
      for (const [name, bytes] of Object.entries(generated))
        archive.entry({ name, mode: 0o644, mtime }, bytes);
      archive.finalize();
    },
  };
  // Loaded where it is used: most builds have no need of it.
  const { pack } = require('tar-fs') as typeof import('tar-fs');
  return pack(context.root, options) as unknown as Readable;
}

function clean(name: string): string {
  return name.replace(/^\.(\/|$)/, '');
}

function registryConfig(credentials: ReadonlyMap<string, Credentials>): string {
  const logins = [...credentials].map(([host, { username, secret }]) => [
    host === HUB ? HUB_LOGIN : host,
    username ? { username, password: secret } : { identitytoken: secret },
  ]);
  return Buffer.from(JSON.stringify(Object.fromEntries(logins))).toString('base64url');
}
