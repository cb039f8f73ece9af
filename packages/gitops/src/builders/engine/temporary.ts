import { randomUUID } from 'node:crypto';
import type Docker from 'dockerode';
import type { EngineError } from './call';

/** A name for an image that is in the engine for the time of a build. */
export interface TemporaryName {
  readonly repo: string;
  readonly tag: string;
  /** Both together. */
  readonly reference: string;
}

/**
 * A name that nobody else uses, in a place that no registry can have (RFC 6761), so that it is never looked for
 * anywhere. A build gives its image one too: without a name, an image of the same content that another build is done
 * with would be removed under this one's hands.
 */
export function temporaryName(what: 'base' | 'build'): TemporaryName {
  const repo = `gitops.invalid/${what}`;
  const tag = randomUUID();
  return { repo, tag, reference: `${repo}:${tag}` };
}

/** Podman forgets that a name was removed when another one of the same image is changed at that moment. */
const ATTEMPTS = 5;

/** Takes a name back; the image goes with the last of its names. May be called again. */
export async function removeName(docker: Docker, { reference }: TemporaryName): Promise<void> {
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
