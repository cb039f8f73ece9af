import { setTimeout as sleep } from 'node:timers/promises';
import { whenAvailable } from '../packages/gitops/test/support/available';
import { whenCluster } from './support/cluster';
import { PROGRAMS } from './support/shell-base';
import { ShopSite, migration } from './support/shop-site';

jest.setTimeout(300_000);

const CONFIG = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: old }\ndata: { key: value }\n';

interface Pod {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status: { readonly phase: string; readonly containerStatuses: readonly { imageID: string }[] };
}

/** The sample of the documentation: a release goes to a site, on, and back. */
whenCluster('a site', () => {
  whenAvailable([...PROGRAMS, 'docker-registry'], 'of a registry', () => {
    let shop: ShopSite;
    beforeAll(async () => {
      shop = await ShopSite.open();
      shop.resource('old.yaml', CONFIG);
    });
    afterAll(() => shop?.close());

    const nx = (...args: string[]): Promise<string> => shop.nx(...args);
    const fails = (...args: string[]): Promise<string> => shop.fails(args);
    const deploy = (...args: string[]): Promise<string> => shop.deploy(...args);

    /** The digest of the image that the deployment names, and those that its pods run. */
    async function digests(): Promise<string[]> {
      const wanted = await shop.cluster.field('deployment/api', '.spec.template.spec.containers[0].image');
      const pods = await shop.cluster.kubectl(
        'get',
        'pods',
        '-l',
        'app.kubernetes.io/name=api',
        '-o',
        'json',
      );
      const running = (JSON.parse(pods) as { items: Pod[] }).items
        .filter(({ metadata, status }) => !metadata.deletionTimestamp && status.phase === 'Running')
        .map(({ status }) => status.containerStatuses[0]!.imageID);
      return [wanted, ...running].map((image) => image.replace(/^.*@/, ''));
    }

    it('has no release before there is one', async () => {
      await nx('run-many', '-t', 'image-push');
      expect(await fails('site-deploy', 'root', '-c', 'demo')).toContain(
        'the ring testers holds no root; push it there, or promote it: npx nx image-push root --ring=testers',
      );
    });

    it('shows what it would run, and what that changes', async () => {
      await nx('image-promote', 'root');
      const shown = await nx('site-render', 'root', '-c', 'demo');
      expect(shown).toMatch(/image: \S+\/shop\/api@sha256:\w{64}/);
      const changed = await nx('site-diff', 'root', '-c', 'demo');
      expect(changed).toContain('does not run root 0.1.0');
      await fails('site-diff', 'root', '-c', 'demo', '--check');
      const planned = await deploy('--dryRun');
      expect(planned).toContain('kind: Role\n');
      expect(planned).not.toContain('*');
      expect(await shop.cluster.exists('role/gitops-demo')).toBe(false);
    });

    it('is installed', async () => {
      const said = await deploy();
      expect(said).toContain('reconcile: demo runs');
      expect(said).toContain(`demo: runs root 0.1.0 in ${shop.cluster.namespace}`);
      expect(new Set(await digests()).size).toBe(1);
      expect(await nx('site-diff', 'root', '-c', 'demo', '--check')).toContain('demo: runs root 0.1.0');
    });

    it('is upgraded after a push and a promotion; what the release no longer has is removed', async () => {
      const [before] = await digests();
      shop.workspace.write('apps/api/file', 'two\n');
      shop.workspace.write('deploy/migrations/1-table/up.yaml', migration('migrated'));
      shop.workspace.write('deploy/migrations/1-table/down.yaml', migration('undone'));
      shop.resource('old.yaml', undefined);
      await shop.release();
      expect(await nx('site-diff', 'root', '-c', 'demo')).toContain('- ConfigMap old would be removed');
      expect(await deploy()).toContain('migrates up: 1-table');
      const [after, ...running] = await digests();
      expect(after).not.toBe(before);
      expect(running).toEqual([after]);
      expect(await shop.cluster.exists('configmap/old')).toBe(false);
    });

    it('goes back after an unshift, with what undoes the migration', async () => {
      await nx('image-promote', 'root', '--ring=testers', '--unshift', '--reason=broken');
      const said = await deploy();
      expect(said).toContain('migrates down: 1-table');
      expect(said).toContain('runs root 0.1.0');
      expect(new Set(await digests()).size).toBe(1);
      expect(await shop.cluster.exists('configmap/old')).toBe(true);
    });

    it('is shown beside what its ring holds', async () => {
      const said = await nx('rings', '--sites');
      expect(said).toMatch(/demo +prod +testers +0\.1\.0 +0\.1\.0 .*as its ring\n/);
    });

    it('runs another version by hand', async () => {
      expect(await deploy('--ring=developers')).toContain('migrates up: 1-table');
      expect(await fails('site-deploy', 'root', '-c', 'demo', '--release=9.9.9')).toContain(
        'there is no root 9.9.9',
      );
    });

    it('follows its ring by itself', async () => {
      expect(await deploy('--watch', '--schedule=* * * * *')).toContain('demo: follows the ring testers');
      const wanted = (await nx('site-render', 'root', '-c', 'demo')).match(/@(sha256:\w{64})/)![1];
      for (let i = 0; i < 150 && (await digests())[0] !== wanted; i++) await sleep(1000);
      expect((await digests())[0]).toBe(wanted);
      expect(await nx('rings', '--sites')).toContain('as its ring, follows it');
      expect(await deploy('--suspend')).toContain('demo: stays as it is');
      expect(await shop.cluster.field('cronjob/gitops-demo', '.spec.suspend')).toBe('true');
      expect(await deploy('--resume')).toContain('demo: follows the ring testers again');
    });

    it.each([
      [['-c', 'demo', '--ring=tester'], 'there is no ring tester'],
      [['--site=nowhere'], 'there is no site nowhere; use one of demo'],
      [['-c', 'demo', '--watch', '--suspend'], '--watch and --suspend do not go together'],
      [['-c', 'demo', '--schedule=* * * * *'], '--schedule goes with --watch only'],
    ])('says in one line what is wrong with %j', async (args, line) => {
      expect(await fails('site-deploy', 'root', ...args)).toContain(line);
    });

    it('says which context there is not', async () => {
      await shop.site('other', '--context=nowhere', '--namespace=x');
      expect(await fails('site-deploy', 'root', '-c', 'other')).toMatch(
        /context.*nowhere.*does not exist.*; correct the context of the site in gitops.yaml/,
      );
    });
  });
});
