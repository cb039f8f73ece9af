import Docker from 'dockerode';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import * as tar from 'tar-stream';
import type { ParityCase } from './cases';
import type { ParityResult } from './compare';
import { type ContextSource, packContext } from './context';
import { pickConfig, readLayers } from './image';

export type EngineBuilder = 'buildkit' | 'classic';

export interface EngineOptions {
  /** The unix socket of a Docker engine, or of Podman's API service (which has the classic builder only). */
  socket: string;
  builder: EngineBuilder;
  /** The paths that the ignore file lets through; an engine does not apply it to a tar. Default: all. */
  sent?: readonly string[];
}

/** The container file goes under this name too, since an ignore file may hold back the real one. */
const uploadedName = '.parity-containerfile';

/** Builds a case with an engine and reads back what came out of it: files and config, or the error. */
export async function buildWithEngine(c: ParityCase, options: EngineOptions): Promise<ParityResult> {
  const docker = new Docker({ socketPath: options.socket });
  for (const [tag, source] of Object.entries(c.images ?? {})) {
    const base = await build(docker, source, { builder: options.builder, tag });
    if ('error' in base) throw new Error(`${c.name}: its image ${tag} cannot be built: ${base.error}`);
  }
  const result = await build(docker, c, {
    builder: options.builder,
    sent: options.sent,
    buildArgs: c.buildArgs,
    target: c.target,
  });
  // The image stays: another case may give the very same one. It goes when the engine does.
  return 'error' in result ? result : readImage(docker, result.id);
}

/** The engine's name and version, for the record. */
export async function engineVersion(socket: string): Promise<string> {
  const { Version } = await new Docker({ socketPath: socket }).version();
  return `BuildKit of Docker ${Version}`;
}

const knows = new Map<string, Promise<boolean>>();

/** Whether an engine knows a part of the language that came late: tried out, not guessed from a version. */
export function engineKnows(socket: string, feature: NonNullable<ParityCase['needs']>): Promise<boolean> {
  const probes = { heredoc: 'FROM scratch\nCOPY <<EOF /x\ntext\nEOF\n' };
  const key = `${socket} ${feature}`;
  const asked =
    knows.get(key) ??
    build(
      new Docker({ socketPath: socket }),
      { containerfile: probes[feature] },
      { builder: 'buildkit' },
    ).then((result) => 'id' in result);
  knows.set(key, asked);
  return asked;
}

interface BuildOptions {
  builder: EngineBuilder;
  sent?: readonly string[] | undefined;
  buildArgs?: Record<string, string> | undefined;
  target?: string | undefined;
  tag?: string;
}

async function build(
  docker: Docker,
  source: ContextSource,
  { builder, sent, buildArgs, target, tag }: BuildOptions,
): Promise<{ id: string } | { error: string }> {
  const keep = sent && ((name: string) => name === uploadedName || sent.includes(name));
  const context = await packContext(source, { [uploadedName]: source.containerfile }, keep);
  const query = {
    dockerfile: uploadedName,
    // The number: dockerode answers the string with a session that this needs not and engines dislike.
    version: builder === 'buildkit' ? 2 : 1,
    rm: true,
    forcerm: true,
    ...(buildArgs ? { buildargs: buildArgs } : {}),
    ...(target ? { target } : {}),
    ...(tag ? { t: tag } : {}),
  };
  try {
    const stream = await docker.buildImage(
      Readable.from([context]),
      query as unknown as Docker.ImageBuildOptions,
    );
    const id = idFrom(await buffer(stream));
    return id;
  } catch (error) {
    return { error: gist((error as Error).message) };
  }
}

interface BuildEvent {
  error?: string;
  errorDetail?: { message?: string };
  stream?: string;
  aux?: { ID?: string };
}

/** dockerode's followProgress takes an error in the stream for progress. */
function idFrom(output: Buffer): { id: string } | { error: string } {
  let id: string | undefined;
  for (const line of output.toString('utf8').split('\n').filter(Boolean)) {
    const event = JSON.parse(line) as BuildEvent;
    const error = event.errorDetail?.message ?? event.error;
    if (error !== undefined) return { error: gist(error) };
    if (event.aux?.ID) id = event.aux.ID;
    id ??= /^Successfully built ([0-9a-f]+)/.exec(event.stream ?? '')?.[1];
  }
  return id === undefined ? { error: 'the engine named no image' } : { id };
}

/** An error's first line, without what differs from run to run. */
export function gist(message: string): string {
  return (
    message
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.replace(/"?\/[^\s"]*\/(?:buildkit-mount|docker-builder|buildkit-)\d+\/?/g, '<dir>/')
      .replace(/\/\S*?\/merged(?=\/)/g, '')
      .replace(/\b[0-9a-z]{25}::[0-9a-z]+\b/g, '<ref>')
      .replace(/\b(sha256:)?[0-9a-f]{64}\b/g, '<digest>')
      .replaceAll(uploadedName, 'Containerfile')
      .trim() ?? ''
  );
}

interface SavedManifest {
  Config: string;
  Layers: string[];
}

async function readImage(docker: Docker, id: string): Promise<ParityResult> {
  const inspected = await docker.getImage(id).inspect();
  // Engines refuse to save an image without layers.
  if (!inspected.RootFS?.Layers?.length) return { files: new Map(), config: pickConfig(inspected.Config) };
  const saved = new Map<string, Buffer>();
  const links = new Map<string, string>();
  const extract = tar.extract();
  (await docker.getImage(id).get()).pipe(extract);
  for await (const entry of extract) {
    const content = await buffer(entry);
    // A layer that is in the image twice is stored once.
    if (entry.header.type === 'symlink') links.set(entry.header.name, entry.header.linkname ?? '');
    else saved.set(entry.header.name, content);
  }
  const read = (name: string): Buffer => {
    const link = links.get(name);
    const target = link === undefined ? name : new URL(link, `file:///${name}`).pathname.slice(1);
    const content = saved.get(target);
    if (!content) throw new Error(`the saved image has no ${target}`);
    return content;
  };
  const [manifest] = JSON.parse(read('manifest.json').toString()) as SavedManifest[];
  const { config } = JSON.parse(read(manifest!.Config).toString()) as { config?: object };
  const files = await readLayers(manifest!.Layers.map(read));
  for (const name of files.keys()) if (name.split('/').at(-1) === uploadedName) files.delete(name);
  return { files, config: pickConfig(config) };
}
