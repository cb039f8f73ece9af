import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { promoteTasks } from '../../src/executors/promote/run';
import { openRegistry } from '../../src/oci/registry';
import { inParallel } from '../../src/support/parallel';
import { Stores } from '../../src/workspace/stores';
import type { Fault, ProxyRequest } from '../oci/fault-proxy';
import {
  answers,
  corrupts,
  cutsAnswer,
  cutsRequest,
  delays,
  hangsUp,
  keepsTags,
  lateTags,
  losesAnswer,
  losesTag,
  misnames,
  staleList,
  throttles,
} from '../oci/faults';
import { type ProxiedRegistry, withProxiedRegistry } from '../oci/proxied-registry';
import { complaints } from './complaints';
import { type Given, give, put, sideOf } from './copies';
import { useMachine } from './each-store';
import { CONTAINERFILES, RELEASE, boardOf, promoted } from './promotions';
import { makeDesk } from './worker';

jest.setTimeout(300_000);

const directory = useMachine();
/** At so many of a promotion's requests each fault strikes, evenly from the first to the last. */
const PLACES = 5;
const AT_ONCE = 10;

type Matches = (request: ProxyRequest) => boolean;
const any: Matches = () => true;
const gets: Matches = ({ method }) => method === 'GET';
const putsTag: Matches = ({ method, kind }) => method === 'PUT' && kind === 'tag';
/** Other tags move. */
const putsEntry: Matches = (request) => putsTag(request) && /^\d{10}-/.test(request.reference);
const movesTag: Matches = (request) => putsTag(request) && !putsEntry(request);
const hasBody: Matches = ({ headers }) => Number(headers['content-length'] ?? 0) > 0;

interface Case {
  readonly name: string;
  readonly fault: () => Fault;
  /** The requests that it fits. */
  readonly on?: Matches;
  /** How often it strikes where it does not only once; for good unless told otherwise. */
  readonly often?: number;
  /** Whether nobody is to notice it, where it strikes once. */
  readonly passes?: boolean;
  /** Whether nobody is to notice it, however often it strikes. */
  readonly harmless?: boolean;
}

const CASES: readonly Case[] = [
  { name: 'answers 500', fault: () => answers(500), passes: true },
  { name: 'is throttled', fault: () => throttles(1), passes: true },
  { name: 'is throttled for an hour', fault: () => throttles(3600) },
  { name: 'hangs up', fault: hangsUp, passes: true },
  { name: 'loses the answer', fault: losesAnswer, passes: true },
  { name: 'cuts the answer', fault: () => cutsAnswer(), on: gets, passes: true },
  { name: 'cuts the request', fault: () => cutsRequest(7), on: hasBody, passes: true },
  { name: 'gives wrong bytes', fault: corrupts, on: gets },
  { name: 'says wrong digests', fault: misnames },
  { name: 'loses an entry', fault: () => losesTag(), on: putsEntry, often: 5, harmless: true },
  { name: 'loses tags', fault: () => losesTag(), on: movesTag, passes: true },
  {
    name: 'loses tags, and keeps what is in them',
    fault: () => losesTag({ stored: true }),
    on: movesTag,
    passes: true,
  },
  { name: 'writes no tag twice', fault: () => keepsTags(), on: putsTag },
  { name: 'lists the tags of old', fault: () => staleList(1500), harmless: true },
  { name: 'shows tags late', fault: () => lateTags(300) },
  { name: 'is slow', fault: () => delays(60), harmless: true },
  { name: 'is slow to write tags', fault: () => delays(500), on: putsTag, harmless: true },
  { name: 'wants a password', fault: () => answers(401, 'UNAUTHORIZED') },
  { name: 'allows nothing', fault: () => answers(403, 'DENIED') },
];

/** What testers have before and after. */
const board = (testers: string, post: string): Record<string, string> =>
  Object.fromEntries(
    RELEASE.map((image) => [image, `developers 1.1.0, ${post && `post ${post}, `}testers ${testers}`]),
  );
const BEFORE = board('1.0.0', '');
const AFTER = board('1.1.0', '1.0.0');

interface Done {
  readonly said: Readonly<Record<string, string>>;
  readonly failed: Readonly<Record<string, string>>;
}

withProxiedRegistry('a promotion in a registry in trouble', (at) => {
  let seeds: Seeds;
  beforeAll(async () => {
    seeds = new Seeds(at);
    await seeds.plant();
  });
  beforeEach(() => jest.spyOn(process.stdout, 'write').mockImplementation(() => true));
  afterEach(() => jest.restoreAllMocks());

  /** Promotes the release, as an executor does. */
  async function promote(project: string, reason: string): Promise<Done> {
    const store = `http://${at.proxy.host}/${project}`;
    const desk = { store, machine: '', containerfiles: CONTAINERFILES };
    const { root } = makeDesk(join(directory(), project), desk);
    const projects = Object.fromEntries(
      RELEASE.map((image) => {
        const options = { containerfile: `${image}/Containerfile` };
        return [image, { root: image, targets: { 'image-build': { executor: 'gitops:build', options } } }];
      }),
    );
    const tasks = new Map(RELEASE.map((image) => [`${image}:it`, { buildTarget: 'image-build', reason }]));
    const outcomes = await promoteTasks(tasks, { root, projectsConfigurations: { version: 2, projects } });
    const lines = (isGood: boolean): Record<string, string> =>
      Object.fromEntries(
        [...outcomes]
          .filter(([, { success }]) => success === isGood)
          .map(([task, { log }]) => [task, log.slice(0, -1)]),
      );
    return { said: lines(true), failed: lines(false) };
  }

  const look = (project: string) => promoted(`http://${at.registry.host}/${project}`);

  /**
   * Promotes, and does harm from one of the requests on.
   * @returns whether it went well all the same
   */
  async function harmed({ fault, on = any }: Case, first: number, times: number): Promise<boolean> {
    const project = seeds.grow();
    let count = 0;
    const isMeant: Matches = (request) =>
      request.repository.startsWith(`${project}/`) && on(request) && ++count >= first;
    const rule = at.proxy.on(isMeant, fault(), times);
    const done = await promote(project, 'harmed');
    const wentWell = Object.keys(done.failed).length === 0;
    if (!wentWell) await complaints(Promise.resolve(done));
    const then = await look(project);
    const held = boardOf(then.view.state);
    if (wentWell) expect([held, then.flaws]).toEqual([AFTER, []]);
    else expect([BEFORE, AFTER]).toContainEqual(held);
    // The rest of it is healthy again.
    rule.times = 0;
    expect((await promote(project, 'again')).failed).toEqual({});
    const { view, flaws, standing } = await look(project);
    expect([boardOf(view.state), flaws]).toEqual([AFTER, []]);
    expect(view.heads).toEqual([view.confirmed]);
    expect(standing.filter(({ entry }) => entry.operation.kind === 'promote')).toHaveLength(2);
    return wentWell;
  }

  it.each(CASES)(
    'that $name: all is done, or one line says why not, and it goes on from there',
    async (one) => {
      const requests = await seeds.count(one.on ?? any, promote);
      const places = Array.from(
        { length: PLACES },
        (_, i) => 1 + Math.floor((i * (requests - 1)) / (PLACES - 1)),
      );
      const { often = Infinity } = one;
      const strikes = [...new Set(places)].flatMap(
        (first) =>
          [
            [first, 1],
            [first, often],
          ] as const,
      );
      const good = { once: 0, often: 0 };
      await inParallel(strikes, AT_ONCE, async ([first, times]) => {
        if (await harmed(one, first, times)) good[times === 1 ? 'once' : 'often']++;
      });
      const each = strikes.length / 2;
      jest.restoreAllMocks();
      process.stdout.write(
        `promote: that ${one.name}: from ${each} of ${requests} requests on; ` +
          `struck once ${good.once} went well, struck ${often === Infinity ? 'for good' : `${often} times`} ${good.often}\n`,
      );
      if (one.passes || one.harmless) expect(good.once).toBe(each);
      if (one.harmless) expect(good.often).toBe(each);
    },
  );
});

/** Projects in which a release waits to be promoted: copies of one, made where the registry keeps them. */
class Seeds {
  private grown = 0;

  constructor(private readonly at: ProxiedRegistry) {}

  /** Testers have what developers had before. */
  async plant(): Promise<void> {
    const stores = new Stores('/nonexistent', openRegistry);
    const side = sideOf(stores.open(`http://${this.at.registry.host}/seed`));
    const release = async (version: string, ring?: string): Promise<Given[]> =>
      Promise.all(
        RELEASE.map(async (image, i) => ({
          image,
          version,
          ring,
          digest: await put(side, image, `${image} ${version}`),
          dependencies: i > 0 ? { [RELEASE[i - 1]!]: version } : {},
        })),
      );
    await give(side, await release('1.0.0'));
    const operation = { kind: 'promote', ring: 'developers', to: 'testers' } as const;
    await give(side, await release('1.0.0', 'testers'), { isNew: false, operation });
    await give(side, await release('1.1.0'));
    await stores.close();
  }

  grow(): string {
    const repositories = join(this.at.registry.dir, 'data/docker/registry/v2/repositories');
    const project = `grown-${++this.grown}`;
    cpSync(join(repositories, 'seed'), join(repositories, project), { recursive: true });
    return project;
  }

  /** How many such requests a promotion makes that nobody harms. */
  async count(
    matches: Matches,
    promote: (project: string, reason: string) => Promise<Done>,
  ): Promise<number> {
    const project = this.grow();
    let count = 0;
    this.at.proxy.on((request) => {
      if (request.repository.startsWith(`${project}/`) && matches(request)) count++;
      return false;
    }, hangsUp());
    expect((await promote(project, 'counted')).failed).toEqual({});
    return count;
  }
}
