import { LayoutTree } from '../../src/oci/layout';
import { attach } from '../../src/oci/referrers';
import { image, store } from './fixtures';

/**
 * A process that writes to a directory of layouts: `tag <directory> <name> <count>` stores images under tags of its
 * own; `attach …` attaches something to an image; `count <directory> <name> <count>` adds one to a number that is a tag, and loses some wherever two do so at once.
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
  await Promise.all(Array.from({ length: Number(count) }, (_, i) => one(i)));
}

void main(process.argv.slice(2)).then(() => process.disconnect());
