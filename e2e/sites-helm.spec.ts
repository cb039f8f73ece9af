import { copyFileSync, realpathSync } from 'node:fs';
import { whenAvailable } from '../packages/gitops/test/support/available';
import { whenCluster } from './support/cluster';
import { succeed } from './support/process';
import { PROGRAMS } from './support/shell-base';
import { ShopSite } from './support/shop-site';

jest.setTimeout(300_000);

const CHART = 'deploy/environments/prod/charts/hello';

/** A chart in an environment: rendered by the helm on this machine, and by the one in the root image. */
whenCluster('a site with a chart', () => {
  whenAvailable([...PROGRAMS, 'docker-registry', 'helm'], 'by helm', () => {
    let shop: ShopSite;
    beforeAll(async () => {
      shop = await ShopSite.open();
      const helm = (await succeed('which', ['helm'])).trim();
      copyFileSync(realpathSync(helm), shop.workspace.path('apps/tools/bin/helm'));
      shop.workspace.write(`${CHART}/Chart.yaml`, 'apiVersion: v2\nname: hello\nversion: 1.0.0\n');
      shop.workspace.write(
        `${CHART}/templates/map.yaml`,
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: hello }\ndata: { who: "{{ .Values.who }}" }\n',
      );
      await shop.nx('g', 'gitops:environment', 'prod', '--helm=hello');
      shop.workspace.write('deploy/environments/prod/values-hello.yaml', 'who: us\n');
      await shop.release();
    });
    afterAll(() => shop?.close());

    it('is shown and compared', async () => {
      expect(await shop.nx('site-render', 'root', '-c', 'demo')).toContain('who: us\n');
      expect(await shop.nx('site-diff', 'root', '-c', 'demo')).toContain('+  who: us\n');
    });

    it('is deployed', async () => {
      expect(await shop.deploy()).toContain('demo: runs root 0.1.0');
      expect(await shop.cluster.field('configmap/hello', '.data.who')).toBe('us');
    });
  });
});
