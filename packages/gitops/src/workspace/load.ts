import { nameImage } from '../builders/engine/load';
import type { EngineConnection } from '../builders/engine/engine-connection';
import { parsePlatform } from '../oci/platform';
import { Rings } from '../ledger/rings';
import type { Bases } from './bases';
import { type WorkspaceImage, referenceName } from './image';
import type { Settings } from './settings';

const VERSION = 'org.opencontainers.image.version';

/**
 * Loads a built image into the local engine, which gets the layers that it lacks, so that `docker run` finds it under
 * `<project>/<image>:<ring>`, and under its version where it has one.
 *
 * @param ring the ring whose name it gets; the first one by default
 * @returns the names
 * @throws GitopsError for an image that is not built, an unknown ring, and where the engine does not take it
 */
export async function loadImage(
  image: WorkspaceImage,
  ring: string | undefined,
  { bases, settings, engine }: { bases: Bases; settings: Settings; engine: EngineConnection },
): Promise<string[]> {
  const wanted = new Rings(settings.rings).target(ring);
  const connected = await engine.get();
  const built = await bases.built(image, parsePlatform(connected.platform));
  const version = (await built.image.config()).config?.Labels?.[VERSION];
  const repo = referenceName(image, settings);
  const tags = [...(version ? [version] : []), wanted];
  for (const tag of tags) await nameImage(connected, built.image, { repo, tag });
  return tags.map((tag) => `${repo}:${tag}`);
}
