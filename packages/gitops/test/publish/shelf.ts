import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { View } from '../../src/ledger/merge';
import { type Digest, sha256 } from '../../src/oci/digest';
import { type Image, imageFrom } from '../../src/oci/image';
import { openRegistry } from '../../src/oci/registry';
import type { Repository } from '../../src/oci/store';
import type { Descriptor, Platform } from '../../src/oci/types';
import { openLedger } from '../../src/publish/open';
import { Stores } from '../../src/workspace/stores';
import { ringsOf } from './states';
import { AMD64 } from './images';
import { SETTINGS } from './workspaces';

/** An image as a store has it, for one platform. */
export interface Stored {
  /** Of the image, or of the index of its platforms. */
  readonly descriptor: Descriptor;
  readonly image: Image;
  readonly labels: Readonly<Record<string, string>>;
  readonly layers: readonly Descriptor[];
}

/** Looks at what a state store has by now. */
export class Shelf {
  constructor(private readonly location: string) {}

  /** The image under a tag, by default the first ring's; undefined where there is none. */
  find(name: string, tag = 'developers', platform: Platform = AMD64): Promise<Stored | undefined> {
    return this.in(name, async (repository) => {
      const descriptor = await repository.resolve(tag);
      if (!descriptor) return undefined;
      const image = await imageFrom(repository, descriptor, platform);
      const { config } = await image.config();
      return { descriptor, image, labels: config?.Labels ?? {}, layers: (await image.manifest()).layers };
    });
  }

  async image(...where: Parameters<Shelf['find']>): Promise<Stored> {
    const found = await this.find(...where);
    if (!found) throw new Error(`there is no ${where.join(':')}`);
    return found;
  }

  /** The digests of an image's files, by their paths; all of it has to be there. */
  files(name: string, tag = 'developers', platform: Platform = AMD64): Promise<Record<string, Digest>> {
    return this.in(name, async (repository) => {
      const descriptor = (await repository.resolve(tag))!;
      return filesOf(await imageFrom(repository, descriptor, platform));
    });
  }

  tags(name: string): Promise<string[]> {
    return this.in(name, async (repository) => {
      const tags: string[] = [];
      for await (const tag of repository.tags()) tags.push(tag);
      return tags;
    });
  }

  /** What the ledger says, and how many entries it has. */
  ledger(): Promise<{ view: View; entries: number }> {
    return this.with(async (stores) => {
      const ledger = openLedger(stores.open(this.location), SETTINGS);
      const view = await ledger.read();
      for (const head of view.heads) await ledger.verify(head);
      return { view, entries: (await ledger.entries.tags(0)).length };
    });
  }

  /** `{ api: 'developers 0.1.1, testers 0.1.0' }`, as the ledger has it. */
  async rings(): Promise<Record<string, string>> {
    const { state } = (await this.ledger()).view;
    return Object.fromEntries(Object.keys(state.images).map((name) => [name, ringsOf(state, name)]));
  }

  private in<T>(name: string, work: (repository: Repository) => Promise<T>): Promise<T> {
    return this.with((stores) => work(stores.open(this.location).repository(`${SETTINGS.project}/${name}`)));
  }

  private async with<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
    const stores = new Stores('/nonexistent', openRegistry);
    try {
      return await work(stores);
    } finally {
      await stores.close();
    }
  }
}

async function filesOf(image: Image): Promise<Record<string, Digest>> {
  const files: Record<string, Digest> = {};
  for (const layer of await image.layers()) {
    for await (const entry of Readable.from(layer.uncompressed()).pipe(extract())) {
      const content = await buffer(entry);
      if (entry.header.type === 'file') files[entry.header.name] = sha256(content);
    }
  }
  return files;
}
