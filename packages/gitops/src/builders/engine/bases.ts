import { sha256 } from '../../oci/digest';
import type { Image } from '../../oci/image';
import type { Engine } from './connect/connect';
import { nameImage } from './load';
import { inTurn, removeName, temporaryName } from './temporary';

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
): Promise<ProvidedBase> {
  const config = await image.rawConfig();
  const id = sha256(config);
  const temporary = temporaryName('base');
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
