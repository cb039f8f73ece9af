import type { Source } from '../../containerfile/stages';
import { sha256 } from '../../oci/digest';
import type { Image } from '../../oci/image';
import { parsePlatform } from '../../oci/platform';
import { StoreError } from '../../oci/store-error';
import type { Place } from '../../support/errors';
import type { BaseImage } from '../assemble/base-image';
import type { BuildRequest } from '../builder';
import type { Engine } from './connect/connect';
import { nameImage } from './load';
import { type TemporaryName, hasName, inTurn, removeName, temporaryName } from './temporary';

type ImageSource = Source & { kind: 'image' };

/** An image of ours, as the engine knows it for the time of a build. */
export interface ProvidedBase {
  /** What `FROM`, `COPY --from=` and `RUN --mount=from=` have to say. */
  readonly reference: string;
  /** Takes the name back; the image goes too, unless somebody else has a use for it. */
  release(): Promise<void>;
}

/**
 * Makes an image available to a build, under a name that nobody else uses: no tag moves, and builds at the same time
 * never see each other's bases. BuildKit does not take an id in place of a name, but its cache goes by content,
 * so that a new name costs nothing.
 *
 * An engine that has the layers from earlier builds gets the config alone.
 */
export async function provideBase(
  { docker, kind }: Pick<Engine, 'docker' | 'kind'>,
  image: Image,
  signal?: AbortSignal,
  temporary = temporaryName('base'),
): Promise<ProvidedBase> {
  const config = await image.rawConfig();
  const id = sha256(config);
  const { reference } = temporary;
  const release = () => inTurn(docker, id, () => removeName(docker, temporary));
  try {
    await inTurn(docker, id, () => nameImage({ docker, kind }, image, temporary, signal));
  } catch (error) {
    await release();
    throw error;
  }
  return { reference, release };
}

/** The images that a build is made from, as the engine gets them. */
export class Bases {
  private readonly found = new Map<string, BaseImage>();
  private readonly toLoad: { readonly image: Image; readonly name: TemporaryName }[] = [];
  private readonly provided: ProvidedBase[] = [];
  private loading: Promise<void> | undefined;
  private releasing: Promise<unknown> | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly request: BuildRequest,
  ) {}

  /** @returns the names under which the engine will have them, by what the container file calls them */
  async find(): Promise<ReadonlyMap<string, string>> {
    const { plan, containerfile } = this.request;
    const names = new Map<string, string>();
    for (const { stage, base, sources } of plan.stages) {
      const uses = [{ source: base, line: stage.from.line }, ...sources];
      for (const { source, line } of uses) {
        if (source.kind !== 'image' || names.has(sourceKey(source))) continue;
        const image = await this.lookUp(source, { file: containerfile.file, line });
        if (!image) {
          // By its digest: what the engine has under the tag may be something else.
          if (source.written !== undefined) names.set(sourceKey(source), source.reference);
          continue;
        }
        this.found.set(sourceKey(source), image);
        names.set(sourceKey(source), image.pullable ?? this.nameFor(image));
      }
    }
    return names;
  }

  /** Gives them to the engine; what goes wrong is to be heard by whoever waits for it. */
  provide(): Promise<void> {
    this.loading = this.load();
    this.loading.catch(() => undefined);
    return this.loading;
  }

  /** Images that only the engine knows stay as they are written. */
  private async lookUp(source: ImageSource, place: Place): Promise<BaseImage | undefined> {
    const platform = source.platform ? parsePlatform(source.platform) : this.request.platform;
    try {
      return await this.request.findImage(source.reference, platform, place);
    } catch (error) {
      if (error instanceof StoreError) return undefined;
      throw error;
    }
  }

  /** Whether the engine gets any of them from us. */
  get areLoaded(): boolean {
    return this.toLoad.length > 0;
  }

  private nameFor({ image }: BaseImage): string {
    const name = temporaryName('base');
    this.toLoad.push({ image, name });
    return name.reference;
  }

  /** One after the other: they may have layers in common. */
  private async load(): Promise<void> {
    for (const { image, name } of this.toLoad)
      this.provided.push(await provideBase(this.engine, image, this.request.signal, name));
  }

  /**
   * Gives the engine again what it has lost: Podman forgets a name when another one of the same image is given or taken
   * at that moment, by whichever process.
   * @returns whether anything was lost
   */
  async restore(): Promise<boolean> {
    let lost = false;
    for (const { image, name } of this.toLoad) {
      if (await hasName(this.engine.docker, name)) continue;
      lost = true;
      await provideBase(this.engine, image, this.request.signal, name);
    }
    return lost;
  }

  /** What the target's layers lie on. */
  ofTarget(): BaseImage | undefined {
    const { stages, target } = this.request.plan;
    let source: Source = { kind: 'stage', stage: target };
    while (source.kind === 'stage') {
      const index: number = source.stage;
      source = stages.find(({ stage }) => stage.index === index)!.base;
    }
    return source.kind === 'image' ? this.found.get(sourceKey(source)) : undefined;
  }

  /** Takes back all that was given; does not fail, and may be called again. */
  async release(): Promise<void> {
    await this.loading?.catch(() => undefined);
    this.releasing ??= Promise.allSettled(this.provided.map((base) => base.release()));
    await this.releasing;
  }
}

/** What a source is called, with the platform that it is wanted for. */
export function sourceKey({ reference, platform }: ImageSource): string {
  return `${reference} ${platform ?? ''}`;
}
