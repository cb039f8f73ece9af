import { stateOf, v } from '../../test/publish/states';
import { imageOf } from '../../test/publish/workspaces';
import { EMPTY_VIEW } from '../ledger/merge';
import { Rings } from '../ledger/rings';
import type { State } from '../ledger/state';
import { canonicalJson } from '../oci/json';
import { OCI } from '../oci/media-types';
import { MemoryStore } from '../oci/memory';
import { attach } from '../oci/referrers';
import { GitopsError } from '../support/errors';
import type { WorkspaceImage } from '../workspace/image';
import { type Candidate, decide } from './decide';
import type { Sources } from './explain';
import { report, table } from './report';
import { putSources } from './sources';

const IMAGES = ['api', 'web'].map((name) => imageOf(name));
const NOW: Sources = { instructions: 'i', files: { 'api/a': '2', 'api/b': '1' } };

function rowsOf(
  state: State,
  candidates: readonly Candidate[],
  store = new MemoryStore(),
  images: readonly WorkspaceImage[] = IMAGES,
) {
  const options = {
    rings: new Rings(['developers', 'testers']),
    ring: 'developers',
    initialVersion: '0.1.0',
  };
  const failed = new Map([['web', new GitopsError('web is broken')]]);
  const decisions = decide(candidates, state, options, candidates.length > 1 ? new Map() : failed);
  const plan = { decisions, view: { ...EMPTY_VIEW, state } };
  const context = {
    ring: 'developers',
    repositoryOf: (image: string) => store.repository(image),
    sources: () => NOW,
  };
  return report(images, plan, context);
}

const candidate = (image: string, revision: string, ...needs: string[]): Candidate => ({
  image,
  revision,
  needs: needs.map((needed) => ({ image: needed, place: { file: 'x' } })),
});

describe('the report', () => {
  it('has a row for each image, in the order of the images', async () => {
    const state = stateOf({
      web: { developers: v('1.0.0', 'now') },
      api: { developers: v('1.0.0', 'now', { base: '1.0.0' }) },
    });
    expect(await rowsOf(state, [candidate('web', 'now'), candidate('api', 'now', 'web')])).toEqual([
      {
        image: 'api',
        ring: 'developers',
        from: '1.0.0',
        to: '1.0.1',
        why: 'no longer needs base; needs web 1.0.0 now',
      },
      { image: 'web', ring: 'developers', from: '1.0.0', to: '1.0.0', why: 'up to date' },
    ]);
  });

  it('leaves out what fails, which says so itself', async () => {
    const rows = await rowsOf(stateOf({}), [candidate('api', 'now')]);
    expect(rows).toEqual([
      { image: 'api', ring: 'developers', from: '-', to: '0.1.0', why: 'first version' },
    ]);
  });

  it('says which rings hold what the ring takes', async () => {
    const held = { testers: v('1.0.0', 'now'), post: v('1.0.0', 'now') };
    const [row] = await rowsOf(stateOf({ api: held }), [candidate('api', 'now')]);
    expect(row).toMatchObject({ from: '-', to: '1.0.0', why: 'as in testers, post' });
  });

  describe('where the revision changed', () => {
    const before = v('1.0.0');
    const state = stateOf({ api: { developers: before } });
    const why = async (store: MemoryStore): Promise<string> =>
      (await rowsOf(state, [candidate('api', 'now')], store))[0]!.why;
    const subject = { mediaType: OCI.manifest, digest: before.digest, size: 7 };

    it('says which files did', async () => {
      const store = new MemoryStore();
      await putSources(store.repository('api'), subject, { instructions: 'i', files: { 'api/a': '1' } });
      expect(await why(store)).toBe('revision changed: api/a, +1 more');
    });

    it('asks for those of a few images at once, of however many', async () => {
      const names = Array.from({ length: 50 }, (_, i) => `image-${i}`);
      const store = new MemoryStore();
      let [open, most] = [0, 0];
      for (const name of names) {
        const repository = store.repository(name);
        const { resolve } = repository;
        repository.resolve = async (...args) => {
          most = Math.max(most, ++open);
          await new Promise(setImmediate);
          open--;
          return resolve.apply(repository, args);
        };
      }
      const rows = await rowsOf(
        stateOf(Object.fromEntries(names.map((name) => [name, { developers: before }]))),
        names.map((name) => candidate(name, 'now')),
        store,
        names.map((name) => imageOf(name)),
      );
      expect(rows.map(({ image }) => image)).toEqual(names);
      expect(most).toBeGreaterThan(1);
      expect(most).toBeLessThanOrEqual(8);
    });

    it('says no more than that where the store does not know', async () => {
      expect(await why(new MemoryStore())).toBe('revision changed');
    });

    it.each<[name: string, content: Buffer]>([
      ['not JSON', Buffer.from('{')],
      ['no object', Buffer.from('null')],
      ['without files', canonicalJson({ instructions: 'i' })],
      ['with files that are none', canonicalJson({ instructions: 'i', files: null })],
    ])('says no more than that where what the store has is %s', async (_name, content) => {
      const store = new MemoryStore();
      const type = 'application/vnd.gitops.sources.v1+json';
      await attach(store.repository('api'), subject, { artifactType: type, mediaType: type, content });
      expect(await why(store)).toBe('revision changed');
    });
  });
});

describe('the table', () => {
  it('has columns as wide as what is in them', () => {
    expect(
      table([
        { image: 'a', ring: 'developers', from: '-', to: '0.1.0', why: 'first version' },
        { image: 'longer', ring: 'developers', from: '10.20.30', to: '10.20.31', why: 'base 1.0.0 → 1.1.0' },
      ]),
    ).toBe(
      [
        'IMAGE   RING            FROM   TO        WHY',
        'a       developers         - → 0.1.0     first version',
        'longer  developers  10.20.30 → 10.20.31  base 1.0.0 → 1.1.0',
      ].join('\n'),
    );
  });

  it('has its headings alone where there is nothing', () => {
    expect(table([])).toBe('IMAGE  RING  FROM   TO  WHY');
  });
});
