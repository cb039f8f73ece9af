import fc from 'fast-check';
import { Store, type Step, IMAGES } from '../../../test/publish/prune-store';
import type { Retention } from './retention';

const NONE: Retention = { days: 0, entries: 0 };

describe('a prune', () => {
  let store: Store;
  beforeEach(() => {
    store = new Store();
  });

  /** Three versions of one image, of which the last is held; all of them old. */
  async function threeVersions(): Promise<void> {
    for (let i = 0; i < 3; i++) await store.step({ kind: 'push', image: 'api', ring: 'developers' });
    store.pass(100);
  }

  it('deletes what nobody needs: tags, manifests, what is attached, and blobs', async () => {
    await threeVersions();
    await store.step({ kind: 'push', image: 'web', ring: 'developers' });
    const prune = store.prune(NONE);
    const { going } = await prune.plan();
    expect(going.map(({ image, version }) => `${image} ${version}`)).toEqual(['api 0.1.0', 'api 0.1.1']);
    // The index, two platforms, the list of what is attached, and that.
    expect(going[0]!.manifests).toHaveLength(5);
    expect(await store.run(prune)).toEqual(['deleted api 0.1.0', 'deleted api 0.1.1']);
    const { tags, manifests } = await store.contents('api');
    expect(tags).toEqual(['0.1.2', 'developers', expect.stringMatching(/^sha256-/)]);
    expect(manifests).toBe(5);
    expect(await store.missing()).toEqual([]);
    expect((await store.prune(NONE).plan()).going).toEqual([]);
  });

  it('changes nothing before it is run', async () => {
    await threeVersions();
    const before = await store.contents('api');
    await store.prune(NONE).plan();
    expect(await store.contents('api')).toEqual(before);
    expect(before.manifests).toBe(15);
  });

  it('keeps what came to be in use since it was planned', async () => {
    await threeVersions();
    const prune = store.prune(NONE);
    const plan = await prune.plan();
    await store.take('api', 'users', '0.1.0');
    const done: string[] = [];
    for await (const { going, isDeleted } of prune.run(plan)) {
      done.push(`${going.version} ${isDeleted}`);
      // And between two deletions.
      if (going.version === '0.1.0') await store.take('api', 'testers', '0.1.1');
    }
    expect(done).toEqual(['0.1.0 false', '0.1.1 false']);
    expect(await store.missing()).toEqual([]);
  });

  it('keeps what was taken from a ring a moment ago, for somebody may be about to promote it', async () => {
    await threeVersions();
    await store.step({ kind: 'push', image: 'api', ring: 'developers' });
    const { going } = await store.prune(NONE).plan();
    expect(going.map(({ version }) => version)).toEqual(['0.1.0', '0.1.1']);
  });

  it('goes on where another one was cut short', async () => {
    await threeVersions();
    const [first] = (await store.prune(NONE).plan()).going;
    for (const { digest } of first!.manifests.slice(0, 3)) await store.repositoryOf('api').delete(digest);
    // The two platforms, which nothing names any more, say themselves what they are.
    const all = ['deleted api 0.1.0', 'deleted api 0.1.0', 'deleted api 0.1.1'];
    expect((await store.run(store.prune(NONE))).sort()).toEqual(all);
    expect((await store.contents('api')).manifests).toBe(5);
  });

  it('takes along what a push had made of a version that another one got', async () => {
    await threeVersions();
    const stray = await store.stray('api', '0.1.1');
    const coming = await store.stray('api', '0.1.3');
    await store.run(store.prune(NONE));
    const repository = store.repositoryOf('api');
    expect(await repository.resolve(stray)).toBeUndefined();
    expect(await repository.resolve(coming)).toBeDefined();
  });

  it('does not look at what the ledger does not know', async () => {
    const other = store.repositoryOf('other');
    const digest = await store.stray('other', '0.1.0', '0.1.0');
    await threeVersions();
    await store.run(store.prune(NONE));
    expect(await other.resolve('0.1.0')).toMatchObject({ digest });
    expect((await store.contents('ledger')).tags).toHaveLength(5);
  });
});

describe('whatever was pushed and promoted', () => {
  const image = fc.constantFrom(...IMAGES);
  const STEP: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('push' as const),
        image,
        ring: fc.constantFrom('ante', 'developers', 'testers'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('promote' as const),
        image,
        ring: fc.constantFrom('ante', 'developers', 'testers'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('shift' as const),
        image,
        ring: fc.constantFrom('developers', 'testers'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('tag' as const),
        image,
        tag: fc.constantFrom('stable', '7.0.0'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('untag' as const),
        image,
        ring: fc.constantFrom('developers', 'testers', 'users'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), days: fc.constantFrom(0, 0.02, 1, 20) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('prune' as const),
        days: fc.constantFrom(0, 1, 30),
        entries: fc.constantFrom(0, 1, 3),
      }),
    },
  );

  it('what any ring holds can be had whole after a prune, and what has a tag of another kind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 5, maxLength: 30, size: 'max' }), async (steps) => {
        const store = new Store();
        for (const step of steps) {
          await store.step(step);
          if (step.kind === 'prune') expect(await store.missing()).toEqual([]);
        }
        store.pass(1);
        await store.run(store.prune(NONE));
        expect(await store.missing()).toEqual([]);
        // And of versions nothing else is left.
        expect(await store.needless()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
