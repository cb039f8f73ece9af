import type { Digest } from '../../oci/digest';
import type { Layout } from '../../oci/layout';
import { parseImageConfig } from '../../oci/manifest';
import { OCI } from '../../oci/media-types';
import { formatPlatform, parsePlatform, samePlatform } from '../../oci/platform';
import type { Descriptor } from '../../oci/types';
import { GitopsError } from '../../support/errors';
import type { BaseImage } from '../assemble/base-image';
import type { BuildRequest, Builder } from '../builder';
import { baseLabels } from '../labels';
import { addLayers } from '../output';
import { type WrittenImage, writeDocuments } from '../write-image';
import { Bases, sourceKey } from './bases';
import { buildWithBuildKit } from './buildkit';
import { buildClassic } from './classic';
import { runConfig, withoutTime } from './config';
import { engineFailure } from './call';
import type { Engine } from './connect/connect';
import type { EngineConnection } from './engine-connection';
import { type ExportedLayer, exportImage } from './export/export';
import { checkFeatures } from './features';
import { LastConfig } from './last-config';
import { type EngineOptions, mountedSecrets, secretsFrom } from './options';
import { renderEvent } from './progress/render';
import { registriesOf, registryLogin } from './registry-login';
import type { BuildQuery } from './request';
import { renameImages } from './rewrite';
import { checkSources } from './sources';
import { removeName, temporaryName } from './temporary';

export interface EngineBuild {
  readonly options: EngineOptions;
  /** Names what is built, the same from build to build. */
  readonly key: string;
  /** What files in the options are relative to. */
  readonly directory: string;
  /** The output of the steps, as it comes. */
  readonly onOutput: (line: string) => void;
}

/**
 * Builds by a container engine, and takes from it just the layers that the image adds to its base. Nothing of the
 * build stays in the engine but its cache.
 */
export class EngineBuilder implements Builder {
  constructor(
    private readonly connection: EngineConnection,
    private readonly settings: EngineBuild,
  ) {}

  async build(request: BuildRequest): Promise<WrittenImage> {
    const engine = await this.connection.get();
    const { containerfile, plan } = request;
    const instructions = plan.stages.flatMap(({ stage }) => [stage.from, ...stage.instructions]);
    checkFeatures(engine, containerfile, instructions);
    checkSources(request);

    const bases = new Bases(engine, request);
    const made = temporaryName('build');
    try {
      const names = await bases.find();
      const text = renameImages(untilTarget(request), plan, (source) => names.get(sourceKey(source)));
      const query = {
        t: made.reference,
        // What is put into the engine for this build can be pulled from nowhere.
        ...(this.settings.options.pull && !bases.areLoaded ? { pull: true } : {}),
      };
      const id = await this.run(engine, request, text, query, bases);
      // An image that BuildKit made does without its bases; any other is their child.
      if (engine.buildkit) void bases.release();
      return await this.take(engine, id, request, bases.ofTarget());
    } catch (error) {
      // What an abort makes of the calls in progress says nothing.
      request.signal?.throwIfAborted();
      throw engineFailure(error);
    } finally {
      await removeName(engine.docker, made).catch(() => undefined);
      await bases.release();
    }
  }

  private async run(
    engine: Engine,
    request: BuildRequest,
    text: string,
    more: BuildQuery,
    bases: Bases,
  ): Promise<Digest> {
    const { containerfile, plan, context, buildArgs, platform, signal } = request;
    const { options, key, directory, onOutput } = this.settings;
    const isNative = samePlatform(platform, parsePlatform(engine.platform));
    const query: BuildQuery = {
      ...more,
      buildargs: buildArgs,
      // The classic builder refuses to be told, unless it is another one.
      ...(engine.buildkit || !isNative ? { platform: formatPlatform(platform) } : {}),
      ...(options.network ? { networkmode: options.network } : {}),
      ...(options.extraHosts ? { extrahosts: options.extraHosts } : {}),
      ...(options.cacheFrom ? { cachefrom: options.cacheFrom } : {}),
      ...(options.noCache ? { nocache: true } : {}),
    };
    const build = { containerfile, text, context, query, signal };
    const provided = bases.provide();
    const secrets = await each(mountedSecrets(plan), secretsFrom(options.secrets, directory, process.env));
    if (!engine.buildkit) {
      await provided;
      const credentials = await each(registriesOf(plan), registryLogin);
      return onBases(bases, () => buildClassic(engine, build, { secrets, credentials }, onOutput));
    }
    const agent = process.env['SSH_AUTH_SOCK'];
    return buildWithBuildKit(
      engine.docker,
      build,
      {
        bases: provided,
        sharedKey: key,
        credentials: registryLogin,
        secret: async (id) => secrets.get(id),
        ...(agent ? { sshAgents: { default: agent } } : {}),
      },
      (event) => renderEvent(event).forEach(onOutput),
    );
  }

  /** Makes the output's image of what the engine made. */
  private async take(
    engine: Engine,
    id: Digest,
    request: BuildRequest,
    base: BaseImage | undefined,
  ): Promise<WrittenImage> {
    const { layout, platform, plan, labels, full, signal } = request;
    const below = await baseLayers(base);
    const own = ownLayers(request);
    const last = new LastConfig(request, this.settings.key);
    const { config, diffIds } = await exportImage(
      engine,
      id,
      { skip: new Set([...below.keys(), ...own.keys()]), config: last.read(), signal },
      async (layer) => void own.set(layer.diffId, await store(layout, layer)),
    );
    last.keep(config);
    const image = parseImageConfig(config, `the image that ${engine.description} built`);
    if (base && full) await addLayers(layout, await base.image.layers(), signal);
    return writeDocuments(layout, {
      platform,
      run: runConfig(image, plan, { ...labels, ...baseLabels(base) }, await base?.image.config()),
      author: image.author,
      history: (image.history ?? []).map(withoutTime),
      layers: diffIds.map((diffId) => ({ diffId, layer: below.get(diffId) ?? own.get(diffId)! })),
      own: new Map(
        diffIds.filter((diffId) => !below.has(diffId)).map((diffId) => [diffId, own.get(diffId)!]),
      ),
    });
  }
}

/** How often a build starts again. */
const RESTARTS = 3;

/** Builds again where a build has failed and the engine had lost a base. */
async function onBases<T>(bases: Bases, build: () => Promise<T>): Promise<T> {
  for (let restarts = 0; restarts < RESTARTS; restarts++) {
    try {
      return await build();
    } catch (error) {
      if (!(await bases.restore())) throw error;
    }
  }
  return build();
}

/** The container file up to the end of the target: the last stage is then the one to build, with a name or without. */
function untilTarget({ text, plan, containerfile }: BuildRequest): string {
  const next = containerfile.stages[plan.target + 1];
  return next
    ? text
        .split('\n')
        .slice(0, next.from.line - 1)
        .join('\n')
    : text;
}

async function baseLayers(base: BaseImage | undefined): Promise<Map<Digest, Descriptor>> {
  const layers = (await base?.image.layers()) ?? [];
  return new Map(layers.map(({ diffId, descriptor }) => [diffId, descriptor]));
}

/** The image's layers that the output has from an earlier build, by diffID: they are not compressed. */
function ownLayers({ layout, known }: BuildRequest): Map<Digest, Descriptor> {
  const there = [...known.values()].filter((layer) => layout.path(layer) !== undefined);
  return new Map(there.map((layer) => [layer.digest, layer]));
}

/** Writes a layer under its diffID: it is not compressed, so that the two are the same. */
async function store(layout: Layout, { diffId, content }: ExportedLayer): Promise<Descriptor> {
  const writer = layout.writer();
  try {
    for await (const chunk of content) writer.write(chunk);
    const written = writer.finish();
    if (written.digest !== diffId)
      throw new GitopsError(`the engine sent another layer (${written.digest}) than it said (${diffId})`);
    return { mediaType: OCI.layer, ...written };
  } finally {
    writer.abort();
  }
}

/** What there is of each, by its name. */
async function each<T>(
  names: readonly string[],
  find: (name: string) => Promise<T | undefined>,
): Promise<ReadonlyMap<string, T>> {
  const found = new Map<string, T>();
  for (const name of names) {
    const item = await find(name);
    if (item !== undefined) found.set(name, item);
  }
  return found;
}
