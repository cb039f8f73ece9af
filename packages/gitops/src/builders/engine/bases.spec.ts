import { parseContainerfile } from '../../containerfile/parse';
import { lockImages, planStages } from '../../containerfile/stages';
import { StoreError } from '../../oci/store-error';
import type { BuildRequest } from '../builder';
import { Bases, sourceKey } from './bases';
import type { Engine } from './connect/connect';
import { renameImages } from './rewrite';

const platform = { os: 'linux', architecture: 'amd64' };
const DIGEST = `sha256:${'a'.repeat(64)}`;

it('an image that no store has is the engine’s: by its name, or by the digest that it is locked at', async () => {
  const text = 'FROM mine:dev\nCOPY --from=node:22 /a /\n';
  const containerfile = parseContainerfile(text, 'Containerfile');
  const plan = lockImages(planStages(containerfile, { platform }), (reference) =>
    reference === 'node:22' ? `node:22@${DIGEST}` : undefined,
  );
  const findImage = () => Promise.reject(new StoreError('unreachable', 'the host is unknown'));
  const request = { containerfile, plan, platform, findImage } as unknown as BuildRequest;
  const names = await new Bases({} as Engine, request).find();
  expect(renameImages(text, plan, (source) => names.get(sourceKey(source)))).toBe(
    `FROM mine:dev\nCOPY --from=node:22@${DIGEST} /a /\n`,
  );
});
