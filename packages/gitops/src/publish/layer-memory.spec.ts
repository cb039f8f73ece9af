import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blob } from '../../test/oci/fixtures';
import { listFiles, useDirectory } from '../../test/support/files';
import { hexOf, sha256 } from '../oci/digest';
import type { KnownLayer } from './known-layers';
import { LayerMemory } from './layer-memory';

const directory = useDirectory();
const ID = sha256('layer');
const KNOWN: KnownLayer = {
  descriptor: { ...blob('compressed').descriptor, annotations: { 'dev.gitops.listing': 'x' } },
  repository: 'acme/shop/base',
};
const memory = (store = 'registry.acme.dev', capacity?: number): LayerMemory =>
  new LayerMemory(directory(), store, capacity);
const file = (): string => join(directory(), listFiles(directory())[0]!);

describe('what is known of the layers of a store', () => {
  it('is there for later runs', () => {
    memory().remember(ID, KNOWN);
    expect(memory().find(ID)).toEqual(KNOWN);
  });

  it('is of that store alone', () => {
    memory().remember(ID, KNOWN);
    expect(memory('registry.acme.dev/other').find(ID)).toBeUndefined();
  });

  it('is the last that was said', () => {
    memory().remember(ID, KNOWN);
    memory().remember(ID, { ...KNOWN, repository: 'acme/shop/api' });
    expect(memory().find(ID)!.repository).toBe('acme/shop/api');
    memory().forget(ID);
    memory().forget(ID);
    expect(memory().find(ID)).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['null', 'null'],
    ['no descriptor', '{"repository": "a"}'],
    ['no digest', JSON.stringify({ ...KNOWN, descriptor: { ...KNOWN.descriptor, digest: 'sha256:1' } })],
    ['no size', JSON.stringify({ ...KNOWN, descriptor: { ...KNOWN.descriptor, size: '1' } })],
    ['no media type', JSON.stringify({ ...KNOWN, descriptor: { ...KNOWN.descriptor, mediaType: 1 } })],
    ['a way out', JSON.stringify({ ...KNOWN, repository: '../../x' })],
  ])('is not believed where it is damaged: %s', (_, text) => {
    memory().remember(ID, KNOWN);
    writeFileSync(file(), text);
    expect(memory().find(ID)).toBeUndefined();
    memory().remember(ID, KNOWN);
    expect(memory().find(ID)).toEqual(KNOWN);
  });

  it('is not remembered where there is no room for it', () => {
    writeFileSync(join(directory(), hexOf(sha256('registry.acme.dev'))), 'in the way');
    const one = memory();
    one.remember(ID, KNOWN);
    expect(one.find(ID)).toBeUndefined();
    one.close();
  });

  it('keeps within its bounds', () => {
    const one = memory(undefined, 10_000);
    for (let i = 0; i < 5; i++) {
      one.remember(sha256(String(i)), KNOWN);
      utimesSync(
        join(
          directory(),
          listFiles(directory()).find((path) => path.includes(hexOf(sha256(String(i)))))!,
        ),
        1000 + i,
        1000 + i,
      );
    }
    memory().find(sha256('0'));
    one.close();
    const [store] = readdirSync(directory());
    expect(readdirSync(join(directory(), store!)).sort()).toEqual(
      ['0', '4'].map((text) => `${hexOf(sha256(text))}.json`).sort(),
    );
  });
});
