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
import { engineMessages, errorOf } from './progress/stream';
import { type BuildRequest, buildParameters } from './request';

/** Unlike any file of a project, and hidden from COPY by the ignore file beside it. */
const CONTAINERFILE = '.gitops.Containerfile';

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
  readonly credentials?: Readonly<Record<string, { readonly username: string; readonly password: string }>>;
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
  { credentials }: ClassicOptions,
  onOutput: (line: string) => void,
): Promise<Digest> {
  const answer = await call(docker, 'POST', '/build', {
    query: {
      ...buildParameters(request.query),
      version: '1',
      dockerfile: CONTAINERFILE,
      // What a step leaves behind is removed, though it fails.
      rm: true,
      forcerm: true,
    },
    ...(credentials && { headers: { 'X-Registry-Config': registryConfig(credentials) } }),
    body: packContext(request.context, request.text, IGNORE_FILE[kind]),
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

/** The context as an archive: sorted, filtered, with owners, modes and times that depend on nothing but the files. */
export function packContext(context: DirectoryContext, containerfile: string, ignoreFile: string): Readable {
  const path = (name: string) => relative(context.root, name).split(sep).join('/');
  const generated: Readonly<Record<string, string>> = {
    [CONTAINERFILE]: containerfile,
    [ignoreFile]: `${CONTAINERFILE}\n${ignoreFile}\n`,
  };
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
      for (const [name, text] of Object.entries(generated)) archive.entry({ name, mode: 0o644, mtime }, text);
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

function registryConfig(credentials: NonNullable<ClassicOptions['credentials']>): string {
  return Buffer.from(JSON.stringify(credentials)).toString('base64url');
}
