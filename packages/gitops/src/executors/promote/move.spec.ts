import { join } from 'node:path';
import { imageOf } from '../../../test/publish/workspaces';
import { useMachine } from '../../../test/publish/each-store';
import { writeFiles } from '../../../test/support/files';
import { LayoutTree } from '../../oci/layout';
import { sha256 } from '../../oci/digest';
import { openLedger } from '../../publish/open';
import { readSettings } from '../../workspace/settings';
import { promoteTasks } from './run';

const directory = useMachine();
const IMAGES = 10_000;
/** What takes the square of their number would take half a minute. */
const SECONDS = 10;

it('a promotion of 10,000 images is planned and told of in seconds', async () => {
  const root = writeFiles(join(directory(), 'checkout'), {
    'gitops.yaml': 'project: acme/shop\nstore: oci:store\nrings: [developers, testers]\n',
  });
  const names = Array.from({ length: IMAGES }, (_, i) => `image-${i}`);
  const ledger = openLedger(new LayoutTree(join(root, 'store')), readSettings(root));
  const published = { digest: sha256('image'), revision: sha256('revision'), dependencies: {} };
  await ledger.commit({ who: 'test' }, async () => ({
    operation: { kind: 'push', ring: 'developers' },
    changes: names.map((image) => ({ image, ring: 'developers', to: '0.1.0', isNew: true })),
    details: {
      images: Object.fromEntries(
        names.map((name) => [name, { rings: {}, taken: {}, versions: { '0.1.0': published } }]),
      ),
    },
  }));
  const projects = Object.fromEntries(
    names.map((name) => [
      name,
      {
        root: name,
        targets: { 'image-build': { executor: 'gitops:build', options: imageOf(name).options } },
      },
    ]),
  );
  const tasks = new Map(
    names.map((name) => [`${name}:image-promote`, { buildTarget: 'image-build', dryRun: true }]),
  );
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const start = performance.now();
  const outcomes = await promoteTasks(tasks, {
    root,
    projectsConfigurations: { version: 2, projects },
  }).finally(() => write.mockRestore());
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(`promotion of ${IMAGES}, dry run: ${seconds.toFixed(1)} s\n`);
  expect(outcomes.get('image-9999:image-promote')).toEqual({
    success: true,
    log: 'image-9999: would be promoted to testers: testers - → 0.1.0, with 9999 others\n',
  });
  expect(seconds).toBeLessThan(SECONDS);
});
