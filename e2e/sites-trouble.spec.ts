import { mkdirSync } from 'node:fs';
import { whenAvailable } from '../packages/gitops/test/support/available';
import { whenCluster } from './support/cluster';
import { PROGRAMS } from './support/shell-base';
import { ShopSite } from './support/shop-site';

jest.setTimeout(300_000);

const secret = (shop: ShopSite, password: string): Promise<string> =>
  shop.cluster.kubectl(
    'create',
    'secret',
    'docker-registry',
    'registry',
    `--docker-server=${shop.registry.host}`,
    '--docker-username=mia',
    `--docker-password=${password}`,
  );

/** What can be wrong around a release: one line, and it goes on when that is mended. */
whenCluster('a site', () => {
  whenAvailable([...PROGRAMS, 'docker-registry'], 'in trouble', () => {
    let shop: ShopSite;
    beforeAll(async () => {
      shop = await ShopSite.open();
      await shop.release();
    });
    afterAll(() => shop?.close());

    const running = (): Promise<string> => shop.cluster.field('deployment/api', '.metadata.name');

    it('whose account may do nothing says what is forbidden', async () => {
      await shop.cluster.kubectl('create', 'serviceaccount', 'nobody');
      const KUBECONFIG = await shop.cluster.kubeconfigAs('nobody');
      expect(await shop.fails(['site-deploy', 'root', '-c', 'demo'], { KUBECONFIG })).toMatch(
        /cannot be read: .*forbidden.*; ask for the right to do so, or have somebody do it who may/,
      );
      expect(await running()).toBe('');
    });

    it('without kubectl says so', async () => {
      const path = shop.workspace.path('node-alone');
      mkdirSync(path);
      await shop.workspace.shell(`ln -s "$(command -v node)" node-alone/node`);
      expect(await shop.fails(['site-deploy', 'root', '-c', 'demo'], { PATH: path })).toContain(
        'there is no kubectl on the path; install it',
      );
    });

    it.each([
      ['a cluster', 'token: t', 'start the cluster, or name another context for the site in gitops.yaml'],
      ['credentials', '', 'log in to the cluster'],
    ])('without %s says so', async (_, user, remedy) => {
      shop.workspace.write(
        'kubeconfig',
        `apiVersion: v1
kind: Config
current-context: x
contexts: [{ name: x, context: { cluster: x, user: x } }]
clusters: [{ name: x, cluster: { server: 'https://127.0.0.1:1' } }]
users: [{ name: x, user: { ${user} } }]
`,
      );
      const env = { KUBECONFIG: shop.workspace.path('kubeconfig') };
      expect(await shop.fails(['site-deploy', 'root', '-c', 'demo'], env)).toContain(remedy);
    });

    it('with a quota that takes no pod says so, and goes on when it is lifted', async () => {
      await shop.cluster.kubectl('create', 'quota', 'none', '--hard=pods=0');
      const said = await shop.fails(['site-deploy', 'root', '-c', 'demo']);
      expect(said).toMatch(/the Job gitops-demo-\S+ cannot start: .*exceeded quota.*: nothing was changed/);
      expect(await running()).toBe('');
      await shop.cluster.kubectl('delete', 'quota', 'none');
      expect(await shop.deploy()).toContain('demo: runs root 0.1.0');
    });

    it('of a manifest that does not apply names it, and what runs stays as it is', async () => {
      const before = await shop.cluster.field('deployment/api', '.spec.template.spec.containers[0].image');
      shop.resource(
        'bad.yaml',
        'apiVersion: v1\nkind: Service\nmetadata: { name: bad }\nspec: { ports: [{ port: x }] }\n',
      );
      await shop.release();
      const said = await shop.fails(['site-deploy', 'root', '-c', 'demo']);
      expect(said).toMatch(/the Job gitops-demo-\S+ failed: not all could be applied; .*run it again/);
      expect(await shop.cluster.field('deployment/api', '.spec.template.spec.containers[0].image')).toBe(
        before,
      );
      shop.resource('bad.yaml', undefined);
      await shop.release();
      expect(await shop.deploy()).toContain('demo: runs root');
    });

    it('of a kind that the cluster does not know says which', async () => {
      shop.resource('odd.yaml', 'apiVersion: odd.example.com/v1\nkind: Odd\nmetadata: { name: odd }\n');
      await shop.release();
      expect(await shop.fails(['site-deploy', 'root', '-c', 'demo'])).toContain(
        'the cluster knows no Odd of odd.example.com/v1; install what defines it',
      );
      shop.resource('odd.yaml', undefined);
    });

    it('where somebody else manages a field says who, and takes it over when it is told to', async () => {
      await shop.release();
      await shop.deploy();
      await shop.cluster.kubectl('scale', 'deployment/api', '--replicas=1');
      shop.resource(
        'shared.yaml',
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shared }\ndata: { color: red }\n',
      );
      await shop.cluster.apply(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shared }\ndata: { color: blue }\n',
        '--server-side',
        '--field-manager=somebody',
      );
      await shop.release();
      const said = await shop.fails(['site-deploy', 'root', '-c', 'demo']);
      expect(said).toContain('conflict with "somebody"');
      expect(said).toContain('site-deploy --forceConflicts');
      expect(await shop.deploy('--forceConflicts')).toContain('demo: runs root');
      expect(await shop.cluster.field('configmap/shared', '.data.color')).toBe('red');
    });
  });

  whenAvailable([...PROGRAMS, 'docker-registry'], 'of a registry that wants a password', () => {
    let shop: ShopSite;
    beforeAll(async () => {
      shop = await ShopSite.open({ user: 'mia', password: 'secret-1' });
      await shop.release();
    });
    afterAll(() => shop?.close());

    it('says that it cannot pull, and pulls with a Secret', async () => {
      const said = await shop.fails(['site-deploy', 'root', '-c', 'demo']);
      expect(said).toMatch(/the Job gitops-demo-\S+ cannot start: .*(pull|image)/);
      expect(said).not.toContain('secret-1');
      expect(await shop.cluster.kubectl('get', 'jobs', '-o', 'name')).toBe('');

      await secret(shop, 'secret-1');
      await shop.site('demo', '--pullSecret=registry');
      expect(await shop.deploy()).toContain('demo: runs root 0.1.0');
      const image = await shop.cluster.field('deployment/api', '.spec.template.spec.containers[0].image');
      expect(image).toMatch(/@sha256:\w{64}$/);
    });
  });
});
