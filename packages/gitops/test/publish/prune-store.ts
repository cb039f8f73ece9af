import { Ledger } from '../../src/ledger/ledger';
import { type Change, type State, imageState } from '../../src/ledger/state';
import { changeOf, promotion, shift } from '../../src/ledger/transitions';
import { nextVersion } from '../../src/ledger/version';
import { readAll } from '../../src/oci/content';
import { type MemoryRepository, MemoryStore } from '../../src/oci/memory';
import { References } from '../../src/oci/references';
import { attach, referrersTag } from '../../src/oci/referrers';
import type { Descriptor, Digest } from '../../src/oci/types';
import { followTags } from '../../src/publish/follow';
import { Prune } from '../../src/publish/prune/prune';
import type { Retention } from '../../src/publish/prune/retention';
import { RINGS } from '../ledger/histories';
import { AMD64, ARM64, storeBuilt, storeIndex } from './images';

export const IMAGES = ['api', 'web'] as const;

/** Something that happens to a store. */
export type Step =
  | { readonly kind: 'push' | 'promote' | 'shift'; readonly image: string; readonly ring: string }
  /** Somebody gives what developers hold a tag of his own. */
  | { readonly kind: 'tag'; readonly image: string; readonly tag: string }
  /** Somebody removes a ring's tag, and that of the version that it names. */
  | { readonly kind: 'untag'; readonly image: string; readonly ring: string }
  | { readonly kind: 'pass'; readonly days: number }
  | ({ readonly kind: 'prune' } & Retention);

const DAY_MS = 86_400_000;

/** A state store in memory, which collects garbage at once, with images of two platforms and what is attached to them. */
export class Store {
  private readonly memory = new MemoryStore();
  private readonly ledger = new Ledger(this.repositoryOf('ledger'), { now: () => this.time });
  private time = Date.UTC(2026, 0, 1);
  /** What was given a tag by hand. */
  private readonly tagged = new Map<string, Descriptor>();
  private count = 0;

  repositoryOf(name: string): MemoryRepository {
    return this.memory.repository(`acme/shop/${name}`);
  }

  prune(retention: Retention): Prune {
    return new Prune({
      ledger: this.ledger,
      repositoryOf: (name) => this.repositoryOf(name),
      retention,
      now: () => this.time,
    });
  }

  /** Plans and does it; what it says. */
  async run(prune: Prune): Promise<string[]> {
    const said: string[] = [];
    for await (const { going, isDeleted } of prune.run(await prune.plan()))
      said.push(`${isDeleted ? 'deleted' : 'kept'} ${going.image} ${going.version}`);
    return said;
  }

  pass(days: number): void {
    this.time += days * DAY_MS;
  }

  async step(step: Step): Promise<void> {
    if (step.kind === 'pass') this.pass(step.days);
    else if (step.kind === 'prune') await this.run(this.prune(step));
    else if (step.kind === 'tag') await this.tag(step.image, step.tag);
    else if (step.kind === 'untag') await this.untag(step.image, step.ring);
    else if (step.kind === 'push') await this.push(step.image, step.ring);
    else {
      const { kind, image, ring } = step;
      const move = { rings: RINGS, images: [image], ring };
      const to = RINGS.all[RINGS.all.indexOf(ring) + 1]!;
      await this.commit(ring, (state) => [
        kind === 'shift' ? shift(state, move) : promotion(state, { ...move, to }),
        state,
      ]);
    }
  }

  /** A ring takes a version that is not held any more, as an unshift has it. */
  async take(image: string, ring: string, version: string): Promise<void> {
    const { digest } = (await this.repositoryOf(image).resolve(version))!;
    await this.commit(ring, (state) => [
      [changeOf(image, ring, imageState(state, image).rings[ring], version)],
      described(image, version, digest),
    ]);
  }

  /** An image that says to be a version, without an entry in the ledger. */
  async stray(image: string, version: string, tag?: string): Promise<Digest> {
    const descriptor = await this.build(image, version);
    if (tag !== undefined) await this.retag(image, descriptor, tag);
    return descriptor.digest;
  }

  async contents(image: string): Promise<{ tags: string[]; manifests: number }> {
    const repository = this.repositoryOf(image);
    const tags: string[] = [];
    for await (const tag of repository.tags()) tags.push(tag);
    return { tags, manifests: (await repository.manifests()).length };
  }

  /** What cannot be had of what rings hold, of what is attached to that, and of what was given a tag by hand. */
  async missing(): Promise<string[]> {
    const missing: string[] = [];
    for (const [name, { digest }] of await this.needed()) {
      const repository = this.repositoryOf(name.split(':')[0]!);
      for (const root of [digest, referrersTag(digest)]) {
        const descriptor = await repository.resolve(root);
        if (!descriptor) missing.push(`${name}: ${root}`);
        else if (!(await isWhole(repository, descriptor))) missing.push(`${name}: parts of ${root}`);
      }
    }
    return missing;
  }

  /** The versions that are there, and that no ring holds and no other tag names. */
  async needless(): Promise<string[]> {
    const needed = new Set(
      (await this.needed()).map(([name, { digest }]) => `${name.split(':')[0]}@${digest}`),
    );
    const needless: string[] = [];
    for (const image of IMAGES) {
      const repository = this.repositoryOf(image);
      for (const tag of (await this.contents(image)).tags) {
        const { digest } = (await repository.resolve(tag))!;
        if (/^0\.\d+\.\d+$/.test(tag) && !needed.has(`${image}@${digest}`)) needless.push(`${image}:${tag}`);
      }
    }
    return needless;
  }

  private async needed(): Promise<[string, Pick<Descriptor, 'digest'>][]> {
    const { state } = await this.ledger.read();
    const held = Object.entries(state.images).flatMap(([image, { rings, versions }]) =>
      Object.entries(rings).map(([ring, version]): [string, { digest: Digest }] => [
        `${image}:${ring}`,
        versions[version]!,
      ]),
    );
    return [...held, ...this.tagged];
  }

  private async tag(image: string, tag: string): Promise<void> {
    const descriptor = await this.repositoryOf(image).resolve('developers');
    if (!descriptor) return;
    await this.retag(image, descriptor, tag);
    this.tagged.set(`${image}:${tag}`, descriptor);
  }

  private async untag(image: string, ring: string): Promise<void> {
    const version = imageState((await this.ledger.read()).state, image).rings[ring];
    for (const tag of [ring, version ?? ring]) await this.repositoryOf(image).untag(tag);
  }

  private async retag(image: string, descriptor: Descriptor, tag: string): Promise<void> {
    const repository = this.repositoryOf(image);
    const bytes = await readAll(repository.open(descriptor));
    await repository.putManifest({ mediaType: descriptor.mediaType, bytes }, tag);
  }

  private async push(image: string, ring: string): Promise<void> {
    const { rings: held, taken } = imageState((await this.ledger.read()).state, image);
    const version = nextVersion({ rings: RINGS, ring, held, taken, initialVersion: '0.1.0' });
    const descriptor = await this.build(image, version);
    await attach(this.repositoryOf(image), descriptor, {
      artifactType: 'application/vnd.example.sbom.v1',
      mediaType: 'text/plain',
      content: Buffer.from(`what is in ${version}`),
    });
    await this.commit(ring, () => [
      [{ ...changeOf(image, ring, held[ring], version), isNew: true }],
      described(image, version, descriptor.digest),
    ]);
  }

  /** An index of two platforms that share a layer with all others. */
  private async build(image: string, version: string): Promise<Descriptor> {
    const repository = this.repositoryOf(image);
    const labels = {
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.ref.name': repository.name,
    };
    const content = `content ${++this.count}`;
    const parts = [AMD64, ARM64].map(async (platform) => ({
      ...(await storeBuilt(repository, ['shared', content], platform, { Labels: labels })),
      platform,
    }));
    return storeIndex(repository, await Promise.all(parts));
  }

  private async commit(ring: string, decide: (state: State) => [readonly Change[], State]): Promise<void> {
    const { view } = await this.ledger.commit({ who: 'mia' }, async ({ state }) => {
      const [changes, details] = decide(state);
      return changes.length > 0 ? { operation: { kind: 'push', ring }, changes, details } : undefined;
    });
    await followTags(this.ledger, view.confirmed, (name) => this.repositoryOf(name));
  }
}

function described(image: string, version: string, digest: Digest): State {
  const versions = { [version]: { digest, revision: version, dependencies: {} } };
  return { images: { [image]: { rings: {}, taken: {}, versions } } };
}

async function isWhole(repository: MemoryRepository, descriptor: Descriptor): Promise<boolean> {
  for (const part of await new References(repository).of(descriptor))
    if (!(await repository.has(part)) || !(await isWhole(repository, part))) return false;
  return true;
}
