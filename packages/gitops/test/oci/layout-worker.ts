import { type Layout, LayoutTree } from '../../src/oci/layout';
import { attach } from '../../src/oci/referrers';
import { StoreError } from '../../src/oci/store-error';
import type { Digest } from '../../src/oci/types';
import { image, store } from './fixtures';

/**
 * A process that writes to a directory of layouts: `tag <directory> <name> <count>` stores images under tags of its
 * own; `delete …` the same with images that share a layer, of which it deletes all but the last; `attach …` attaches
 * something to an image; `count …` adds one to a number that is a tag, and loses some wherever two do so at once.
 */
async function main([what, directory, name, count]: string[]): Promise<void> {
  const repository = new LayoutTree(directory!).repository('acme/shared');
  const fixture = image([name!]);
  // They start at the same moment, in a directory that is not there.
  process.send!('ready');
  await new Promise((resolve) => process.once('message', resolve));
  const one = async (i: number) => {
    if (what === 'tag') return store(repository, fixture, `${name}-${i}`);
    if (what === 'attach')
      return attach(repository, image(['the subject']).descriptor, {
        artifactType: 'application/vnd.example.sbom.v1',
        mediaType: 'text/plain',
        content: Buffer.from(`${name} ${i}`),
      });
    return repository.exclusively(async () => {
      let last = 0;
      for await (const tag of repository.tags()) last = Math.max(last, Number(tag));
      await store(repository, fixture, String(last + 1));
    });
  };
  if (what === 'delete') return storeAndDelete(repository, name!, Number(count));
  await Promise.all(Array.from({ length: Number(count) }, (_, i) => one(i)));
}

async function storeAndDelete(repository: Layout, name: string, count: number): Promise<void> {
  let before: Digest | undefined;
  for (let i = 0; i < count; i++) {
    const fixture = image(['shared', `${name} ${i}`]);
    await untilStored(() => store(repository, fixture, `${name}-${i}`));
    if (before) await repository.delete(before);
    before = fixture.descriptor.digest;
  }
}

/** What is shared may be collected between its upload and the manifest: then the manifest is refused. */
async function untilStored(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== 'not-found') throw error;
    }
  }
}

void main(process.argv.slice(2)).then(() => process.disconnect());
