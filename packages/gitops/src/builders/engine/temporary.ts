import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import { fateOf, processId } from '../../support/process-id';
import type { EngineError } from './call';

/** A name for an image that is in the engine for the time of a build. */
export interface TemporaryName {
  readonly repo: string;
  readonly tag: string;
  /** Both together. */
  readonly reference: string;
}

/** A place that no registry can have (RFC 6761), so that what is there is never looked for anywhere. */
const PLACE = 'gitops.invalid';
const CONTAINER = 'gitops-export';

/**
 * A name that nobody else uses. A build gives its image one too: without a name, an image of the same content that
 * another build is done with would be removed under this one's hands.
 */
export function temporaryName(what: 'base' | 'build'): TemporaryName {
  const repo = `${PLACE}/${what}`;
  const tag = ownedId();
  return { repo, tag, reference: `${repo}:${tag}` };
}

/** A name for a container that is there for the time of an export. */
export function temporaryContainer(): string {
  return `${CONTAINER}-${ownedId()}`;
}

/** Whether the engine knows the name. */
export async function hasName(
  docker: Docker,
  { reference }: Pick<TemporaryName, 'reference'>,
): Promise<boolean> {
  try {
    await docker.getImage(reference).inspect();
    return true;
  } catch (error) {
    if ((error as EngineError).statusCode === 404) return false;
    throw error;
  }
}

/** Podman forgets that a name was removed when another one of the same image is changed at that moment. */
const ATTEMPTS = 5;

/** Takes a name back; the image goes with the last of its names. May be called again. */
export async function removeName(
  docker: Docker,
  { reference }: Pick<TemporaryName, 'reference'>,
): Promise<void> {
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) await remove(docker, reference);
  } catch (error) {
    if ((error as EngineError).statusCode !== 404) throw error;
  }
}

/** Podman keeps the container of a step that was stopped, and for it the image, unless it is told not to. */
async function remove(docker: Docker, reference: string): Promise<void> {
  const image = docker.getImage(reference);
  try {
    await image.remove();
  } catch (error) {
    if ((error as EngineError).statusCode !== 409) throw error;
    await image.remove({ force: true });
  }
}

/** No build takes that long: so old are the names of processes that cannot be looked at from here. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;
const OWNED_ID = /[:-]([0-9a-f]{8}-\d+-\d*)-(\d+)-[0-9a-f]{16}$/;

/** Says whose it is, and since when, so that what a killed build has left can be told from what is in use. */
function ownedId(): string {
  return `${processId()}-${Date.now()}-${randomBytes(8).toString('hex')}`;
}

function isAbandoned(name: string): boolean {
  const [, owner, time] = OWNED_ID.exec(name) ?? [];
  if (owner === undefined) return false;
  const fate = fateOf(owner);
  return fate === 'gone' || (fate === 'elsewhere' && Date.now() - Number(time) > ABANDONED_AFTER_MS);
}

/** Removes what builds that were killed have left in the engine: containers first, which keep images. */
export async function removeAbandoned(docker: Docker): Promise<void> {
  const containers = await docker.listContainers({ all: true, filters: { name: [CONTAINER] } });
  for (const { Id, Names } of containers)
    if (Names.some((name) => name.startsWith(`/${CONTAINER}-`) && isAbandoned(name)))
      await docker.getContainer(Id).remove({ force: true, v: true });
  const images = await docker.listImages({ filters: { reference: [`${PLACE}/*`] } });
  for (const { Id, RepoTags } of images)
    for (const reference of RepoTags ?? [])
      if (reference.startsWith(`${PLACE}/`) && isAbandoned(reference))
        await inTurn(docker, Id, () => removeName(docker, { reference }));
}

const queues = new WeakMap<Docker, Map<string, Promise<unknown>>>();

/** Runs what concerns one image of an engine one after the other: names are given to it, it is loaded just once. */
export async function inTurn<T>(docker: Docker, imageId: string, run: () => Promise<T>): Promise<T> {
  const queue = queues.get(docker) ?? new Map<string, Promise<unknown>>();
  queues.set(docker, queue);
  const before = queue.get(imageId) ?? Promise.resolve();
  const mine = before.then(run, run);
  queue.set(imageId, mine);
  try {
    return await mine;
  } finally {
    if (queue.get(imageId) === mine) queue.delete(imageId);
  }
}
