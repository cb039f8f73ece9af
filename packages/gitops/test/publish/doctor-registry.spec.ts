import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openRegistry } from '../../src/oci/registry';
import { examine } from '../../src/publish/doctor/examine';
import { Stores } from '../../src/workspace/stores';
import type { Fault, ProxyRequest } from '../oci/fault-proxy';
import { answers, keepsTags, losesTag, staleList } from '../oci/faults';
import { withProxiedRegistry } from '../oci/proxied-registry';
import { withReferrers } from '../oci/with-referrers';
import { whenAvailable } from '../support/available';
import { startRegistry } from '../support/engines';
import { listFiles } from '../support/files';
import { isBad, tell } from './doctor-told';
import { useMachine } from './each-store';
import { Shop } from './fixture';
import { SETTINGS } from './workspaces';

const directory = useMachine();

withProxiedRegistry('the doctor of a registry', (at) => {
  let shop: Shop;
  let count = 0;
  beforeEach(() => {
    shop = new Shop(directory(), `http://${at.proxy.host}/test-${++count}`);
  });

  /** What is found of a store that has nothing, without what is well. */
  async function probed(patienceMs = 300) {
    const stores = new Stores('/nonexistent', openRegistry);
    try {
      const settings = { ...SETTINGS, store: shop.store };
      const examination = await examine(stores.open(shop.store), settings, { probe: true, patienceMs });
      const found = examination.findings.filter(({ level, check }) => level !== 'ok' && check !== 'ledger');
      return { ...examination, found: found.map(({ level, check, what }) => `${level} ${check}: ${what}`) };
    } finally {
      await stores.close();
    }
  }

  /** What Debian's registry is known to do. */
  const VERSIONS = 'note version tags: whoever may push can move them: gitops never does';
  const CONDITIONS =
    'note conditions: conditions of writes (If-None-Match) are ignored: gitops does without them';
  const REFERRERS = expect.stringMatching(/^note referrers: .* \(no referrers API\)$/) as string;
  const puts = ({ method, kind }: ProxyRequest): boolean => method === 'PUT' && kind === 'tag';

  it('says what the one of Debian can and cannot do', async () => {
    const { found, guarantee, facts } = await probed();
    expect(found).toEqual([VERSIONS, CONDITIONS, REFERRERS]);
    expect(facts).toMatchObject({ movingTag: 'replaces', mounts: true, referrers: 'tag' });
    expect(guarantee).toMatch(
      /^two pushes at once: both land, and no version is given twice; each waits \d+ ms/,
    );
  });

  it('writes to repositories of its own only', async () => {
    await shop.push();
    const written = new Set<string>();
    const watches: Fault = {
      name: 'watches',
      apply: (request, next) => {
        if (!['GET', 'HEAD'].includes(request.method)) written.add(request.repository);
        return next(request);
      },
    };
    at.proxy.on('*', watches, Infinity);
    await tell(shop, { probe: false });
    expect([...written]).toEqual([]);
    await tell(shop);
    expect([...written].sort()).toEqual([
      expect.stringMatching(/^test-\d+\/acme\/shop\/doctor-\w{10}$/),
      expect.stringMatching(/^test-\d+\/acme\/shop\/doctor-\w{10}-mount$/),
    ]);
  });

  it('where tags are immutable', async () => {
    at.proxy.on('PUT tag', keepsTags(), Infinity);
    const { found, guarantee } = await probed();
    expect(found).toEqual([
      'problem moving tags: a second write of a tag is refused: the tags of rings and of the ledger have to move',
      REFERRERS,
    ]);
    expect(guarantee).toBe('two pushes at once: no promise; see to the problems first');
  });

  it('where the tags of versions are immutable', async () => {
    const keeps = keepsTags();
    at.proxy.on((request) => puts(request) && /^\d+\.\d+\.\d+$/.test(request.reference), keeps, Infinity);
    const { found, guarantee } = await probed();
    expect(found).toEqual([CONDITIONS, REFERRERS]);
    expect(guarantee).toMatch(/both land/);
  });

  it('where tags are lost', async () => {
    at.proxy.on('PUT tag', losesTag(), Infinity);
    expect((await probed()).found).toEqual([
      'problem moving tags: a tag is confirmed, and is not there afterwards: nothing that is pushed is safe',
      'problem version tags: one is confirmed, and is not there afterwards',
      'problem list of tags: the list of tags does not show what was written: what others push is overlooked',
      expect.stringMatching(/^warning referrers: what is attached to an image is not found again/),
    ]);
  });

  it('where a second write is confirmed, and lost', async () => {
    const seen = new Set<string>();
    const isSecond = (request: ProxyRequest): boolean => {
      if (!puts(request)) return false;
      return seen.has(request.path) || !seen.add(request.path);
    };
    at.proxy.on(isSecond, losesTag(), Infinity);
    expect((await probed()).found).toEqual([
      'problem moving tags: a second write of a tag is confirmed, and lost: the tags of rings and of the ledger have to move',
      'note version tags: a second write is confirmed, and lost: nobody can move them, and who tries does not hear of it',
      REFERRERS,
    ]);
  });

  it('where the list of tags is late', async () => {
    at.proxy.on('*', staleList(700), Infinity);
    const { found, guarantee, facts } = await probed(3000);
    expect(found).toEqual([
      VERSIONS,
      expect.stringMatching(
        /^warning list of tags: .* after [67]\d\d ms; a push waits only \d+ ms for others$/,
      ),
      CONDITIONS,
      REFERRERS,
    ]);
    expect(facts!.listedAfterMs).toBeGreaterThan(600);
    expect(guarantee).toMatch(/one may fail late and has to be run again; .* after [67]\d\d ms$/);
  });

  it('where conditions are honoured, blobs not mounted, and referrers listed', async () => {
    at.proxy.on(({ headers }) => headers['if-none-match'] === '*', answers(412), Infinity);
    at.proxy.on(({ path }) => path.includes('mount='), answers(405, 'UNSUPPORTED'), Infinity);
    at.proxy.on('*', withReferrers(), Infinity);
    const { found, facts } = await probed();
    expect(found).toEqual([VERSIONS, expect.stringMatching(/^note mounts: .*sent again/)]);
    expect(facts).toMatchObject({ conditions: 'honoured', mounts: false, referrers: 'api' });
  });

  it('where somebody may only read, and where a push makes no repository', async () => {
    at.proxy.on('POST upload', answers(403, 'DENIED'), Infinity);
    const denied = await probed();
    expect(denied.found).toEqual([
      expect.stringMatching(
        /^warning store: .*\/doctor-\w+ could not be tried out: .* denies access to .*\(DENIED/,
      ),
    ]);
    expect(denied.guarantee).toMatch(/not tried out$/);
    at.proxy.heal();
    at.proxy.on('POST upload', answers(404, 'NAME_UNKNOWN'), Infinity);
    expect((await probed()).found).toEqual([
      expect.stringMatching(/^warning store: a push does not make a repository: .* is not there/),
    ]);
  });

  it('that no longer has what a ring holds', async () => {
    await shop.push();
    const { digest } = (await shop.shelf.image('api')).descriptor;
    at.proxy.on(({ path }) => path.endsWith(digest), answers(404, 'MANIFEST_UNKNOWN'), Infinity);
    const { success, lines } = await tell(shop, { probe: false });
    expect(lines.slice(1, -1).filter(isBad)).toEqual([
      expect.stringMatching(
        `^problem images api 0.1.0, .* is not whole: .*/api does not have ${digest}; restore`,
      ),
    ]);
    expect(success).toBe(false);
  });

  it('that no longer has the beginning of the ledger', async () => {
    await shop.push();
    const [first] = (await shop.shelf.ledger()).view.heads;
    shop.write({ 'web/web.bin': 'other' });
    await shop.push();
    const names = [first!.tag, first!.digest];
    at.proxy.on(({ path }) => names.some((name) => path.endsWith(name)), answers(404), Infinity);
    const { success, lines } = await tell(shop, { probe: false });
    expect(lines).toContainEqual(
      expect.stringMatching(/^note ledger 1 entry, .*; some of what came before is no longer there$/),
    );
    expect(success).toBe(true);
  });
});

whenAvailable('docker-registry', 'what the doctor leaves of its own in a registry', () => {
  async function trace(enabled: boolean): Promise<{ lines: readonly string[]; manifests: string[] }> {
    const registry = await startRegistry({ configuration: { storage: { delete: { enabled } } } });
    try {
      const { lines } = await tell(new Shop(directory(), `http://${registry.host}`));
      const repositories = join(registry.dir, 'data/docker/registry/v2/repositories/acme/shop');
      const [name] = readdirSync(repositories).filter((one) => /^doctor-\w{10}$/.test(one));
      const manifests = listFiles(join(repositories, name!, '_manifests/revisions'));
      return { lines, manifests };
    } finally {
      await registry.stop();
    }
  }

  it('is nothing where manifests can be deleted', async () => {
    const { lines, manifests } = await trace(true);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^ok deletes manifests can be deleted; of .*\/doctor-\w{10} at most the empty name/,
      ),
    );
    expect(manifests).toEqual([]);
  });

  it('is all where they cannot, and it says so', async () => {
    const { lines, manifests } = await trace(false);
    expect(manifests).not.toEqual([]);
    expect(lines).toContainEqual(
      expect.stringMatching(
        `^note deletes manifests are not deleted .*/doctor-\\w{10} is left with ${manifests.length} of them; let `,
      ),
    );
  });
});
