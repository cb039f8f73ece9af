import { blob } from '../../../test/oci/fixtures';
import { DOCKER, OCI } from '../media-types';
import { Documents, isDocument } from './documents';

const [a, b, c] = ['aaaa', 'bbbb', 'cccc'].map((text) => blob(text));

it('has what was added, in the repository that it is of', () => {
  const documents = new Documents();
  documents.add('shop/api', a!.descriptor.digest, a!.bytes);
  expect(documents.get('shop/api', a!.descriptor.digest)).toEqual(a!.bytes);
  expect(documents.get('shop/web', a!.descriptor.digest)).toBeUndefined();
});

it('lets go of what was not used for longest, where there is too much', () => {
  const documents = new Documents(8);
  for (const { descriptor, bytes } of [a!, b!, a!]) documents.add('api', descriptor.digest, bytes);
  documents.get('api', a!.descriptor.digest);
  documents.add('api', c!.descriptor.digest, c!.bytes);
  const held = [a!, b!, c!].map(({ descriptor }) => documents.get('api', descriptor.digest)?.toString());
  expect(held).toEqual(['aaaa', undefined, 'cccc']);
});

it.each([
  [OCI.manifest, 100, true],
  [DOCKER.index, 100, true],
  [OCI.config, 4 * 1024 * 1024, true],
  [OCI.config, 4 * 1024 * 1024 + 1, false],
  [OCI.layerGzip, 100, false],
])('is made for %s of %i bytes: %p', (mediaType, size, expected) => {
  expect(isDocument({ ...a!.descriptor, mediaType, size })).toBe(expected);
});

it('does not have what was removed', () => {
  const documents = new Documents(8);
  for (const { descriptor, bytes } of [a!, b!]) documents.add('api', descriptor.digest, bytes);
  documents.remove('api', a!.descriptor.digest);
  expect(documents.get('api', a!.descriptor.digest)).toBeUndefined();
  // Its room is free again.
  documents.add('api', c!.descriptor.digest, c!.bytes);
  expect(documents.get('api', b!.descriptor.digest)).toEqual(b!.bytes);
});
