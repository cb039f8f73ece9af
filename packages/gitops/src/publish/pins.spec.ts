import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { parse } from 'yaml';
import { whenAvailable } from '../../test/support/available';
import { useDirectory } from '../../test/support/files';
import { sha256 } from '../oci/digest';
import { type Pin, pinsLayer, withLayer } from './pins';

const API: Pin = {
  image: 'api',
  name: 'acme/shop/api',
  version: '1.2.0',
  digest: sha256('api'),
  repository: '127.0.0.1:5000/acme/shop/api',
};
const WEB: Pin = { image: 'web', name: 'acme/shop/web', version: '0.1.0', digest: sha256('web') };

async function files(pins: readonly Pin[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of Readable.from([pinsLayer(pins).bytes]).pipe(extract()))
    found[entry.header.name] = await text(entry);
  return found;
}

it('is a kustomize Component, and the same as JSON', async () => {
  const found = await files([WEB, API]);
  expect(Object.keys(found)).toEqual([
    'gitops/',
    'gitops/dependencies/',
    'gitops/dependencies/dependencies.json',
    'gitops/dependencies/kustomization.yaml',
  ]);
  expect(parse(found['gitops/dependencies/kustomization.yaml']!)).toEqual({
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    images: [
      { name: 'acme/shop/api', newName: '127.0.0.1:5000/acme/shop/api', digest: API.digest },
      { name: 'acme/shop/web', digest: WEB.digest },
    ],
  });
  expect(JSON.parse(found['gitops/dependencies/dependencies.json']!)).toEqual({
    schemaVersion: 1,
    images: {
      api: { name: API.name, version: '1.2.0', digest: API.digest, repository: API.repository },
      web: { name: WEB.name, version: '0.1.0', digest: WEB.digest },
    },
  });
});

it('is a function of the pins, in whatever order', () => {
  const pin = fc
    .record({ image: fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/) })
    .map(({ image }): Pin => ({ ...API, image, name: `acme/shop/${image}`, digest: sha256(image) }));
  const pins = fc.uniqueArray(pin, { selector: ({ image }) => image, maxLength: 8 });
  fc.assert(
    fc.property(pins, (some) => {
      expect(pinsLayer([...some].reverse()).descriptor).toEqual(pinsLayer(some).descriptor);
      expect(pinsLayer(some).descriptor.digest).toBe(sha256(pinsLayer(some).bytes));
    }),
  );
});

it('comes on top of an image', () => {
  const layer = pinsLayer([API]);
  const below = { mediaType: layer.descriptor.mediaType, digest: sha256('below'), size: 5 };
  const platform = { os: 'linux', architecture: 'amd64' };
  const config = {
    ...platform,
    rootfs: { type: 'layers' as const, diff_ids: [below.digest] },
    history: [{ created_by: 'COPY' }],
  };
  expect(withLayer({ platform, config, layers: [below] }, layer)).toEqual({
    platform,
    layers: [below, layer.descriptor],
    config: {
      ...config,
      rootfs: { type: 'layers', diff_ids: [below.digest, layer.descriptor.digest] },
      history: [
        { created_by: 'COPY' },
        { created: '1985-10-26T08:15:00Z', created_by: 'gitops: the dependencies by digest' },
      ],
    },
  });
});

whenAvailable('kubectl', 'kustomize', () => {
  const directory = useDirectory();

  it.each([[[API, WEB]], [[]]])('takes it as a component', async (pins) => {
    const found = await files(pins);
    const write = (path: string, content: string): void => writeFileSync(join(directory(), path), content);
    execFileSync('mkdir', [join(directory(), 'pins')]);
    write('pins/kustomization.yaml', found['gitops/dependencies/kustomization.yaml']!);
    write('pod.yaml', POD);
    write('kustomization.yaml', 'resources: [pod.yaml]\ncomponents: [pins]\n');
    const rendered = execFileSync('kubectl', ['kustomize', directory()], { encoding: 'utf8' });
    const { containers } = (parse(rendered) as { spec: { containers: { image: string }[] } }).spec;
    expect(containers.map(({ image }) => image)).toEqual(
      pins.length > 0
        ? [`${API.repository}@${API.digest}`, `${WEB.name}@${WEB.digest}`]
        : ['acme/shop/api', 'acme/shop/web:1'],
    );
  });
});

const POD = `apiVersion: v1
kind: Pod
metadata: { name: shop }
spec:
  containers:
    - { name: api, image: acme/shop/api }
    - { name: web, image: 'acme/shop/web:1' }
`;
