import { join } from 'node:path';
import { storeBuilt } from '../../test/publish/images';
import { imageOf } from '../../test/publish/workspaces';
import { useDirectory, writeFiles } from '../../test/support/files';
import { Layout } from '../oci/layout';
import { inLayout, inOutputs, labelledOrBuilt } from './whereabouts';

const directory = useDirectory();
const API = imageOf('api');
const WORKER = imageOf('api', { containerfile: 'api/Containerfile.worker' });

const put = (output: string, content: string) => storeBuilt(new Layout(join(directory(), output)), [content]);

it('an image is in the layout that it was built into, or not at all', async () => {
  const layout = new Layout(join(directory(), 'image'));
  expect(inLayout(layout)).toEqual({ source: layout, descriptor: undefined });
  const built = await storeBuilt(layout, ['content']);
  expect(inLayout(layout).descriptor).toEqual(built);
});

it('what is in a layout is read when it is asked for', () => {
  writeFiles(directory(), { 'image/oci-layout': 'no JSON' });
  const place = inLayout(new Layout(join(directory(), 'image')));
  expect(place.source.where).toBe(`oci:${directory()}/image`);
  expect(() => place.descriptor).toThrow('is not JSON');
});

it('what image-build makes is in its output', async () => {
  const built = await put('dist/api/image', 'api');
  const worker = await put('dist/api/image-worker', 'worker');
  const locate = inOutputs(directory());
  expect(locate(API).descriptor).toEqual(built);
  expect(locate(WORKER).descriptor).toEqual(worker);
  expect(locate(imageOf('web')).descriptor).toBeUndefined();
});

it('what image-label makes goes before what image-build makes', async () => {
  const built = await put('dist/api/image', 'api');
  const locate = labelledOrBuilt(directory());
  expect(locate(API).descriptor).toEqual(built);
  const labelled = await put('dist/api/labelled-image', 'labelled');
  expect(locate(API)).toMatchObject({
    descriptor: labelled,
    source: { where: `oci:${directory()}/dist/api/labelled-image` },
  });
  expect(locate(WORKER).descriptor).toBeUndefined();
  const worker = await put('dist/api/labelled-image-worker', 'worker');
  expect(locate(WORKER).descriptor).toEqual(worker);
});
