import { join } from 'node:path';
import { imageState } from '../../src/ledger/state';
import { openRegistry } from '../../src/oci/registry';
import { type Store } from '../../src/oci/store';
import { Stores } from '../../src/workspace/stores';
import { type Audit, audit } from '../ledger/writers';
import { type RunningRegistry, startDockerRegistry } from '../oci/docker-registry';
import { whenAvailable } from '../support/available';
import { makeDirectory, removeDirectory } from '../support/files';
import { Worker, killWorkers, makeDesk } from './worker';

const PUSHERS = 8;
const PROJECT = 'acme/shop';
const CONTAINERFILE = 'FROM scratch\nCOPY file /\n';

jest.setTimeout(600_000);

let directory: string;
let store: Store;
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(async () => {
  await killWorkers();
  await store.close();
  removeDirectory(directory);
});

interface Fleet {
  readonly location: string;
  /** The image that each pusher pushes. */
  readonly image: (pusher: number) => string;
  /** How often each does. */
  readonly pushes: number;
  /** Whether each is on a machine of its own: what is on one machine waits for each other. */
  readonly apart: boolean;
}

/** Lets processes push at the same time, each its own changes, and looks at what has become of them. */
async function run(name: string, { location, image, pushes, apart }: Fleet): Promise<Audit> {
  store = new Stores(directory, openRegistry).open(location);
  const pushers = await Promise.all(
    Array.from({ length: PUSHERS }, (_, i) => {
      const machine = join(directory, apart ? `machine-${i}` : 'machine');
      const containerfiles = { [`${image(i)}/Containerfile`]: CONTAINERFILE };
      return Worker.start(
        makeDesk(join(directory, `desk-${i}`), { store: location, machine, containerfiles }),
      );
    }),
  );
  const started = performance.now();
  await Promise.all(
    pushers.map(async (pusher, i) => {
      for (let count = 0; count < pushes; count++) {
        const reason = `${i}.${count}`;
        const report = await pusher.push({ files: { [`${image(i)}/file`]: reason }, reason });
        const pushed = { success: true, log: expect.stringContaining(': pushed ') };
        expect(report).toEqual({ [image(i)]: pushed });
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const found = await audit(store.repository(`${PROJECT}/ledger`));
  const { entries, standing, voided } = found;
  process.stdout.write(
    `push: ${name}: ${PUSHERS} processes, ${PUSHERS * pushes} pushes, ${versionsOf(found).length} versions, ` +
      `${entries.length} entries (${standing.length} stand, ${voided.size} void), ${seconds.toFixed(1)} s\n`,
  );
  await check(found, PUSHERS * pushes);
  return found;
}

interface Claimed {
  readonly image: string;
  readonly version: string;
  readonly digest: string;
}

/** The versions that were claimed, as the entries say that claimed them. */
function versionsOf({ standing }: Audit): Claimed[] {
  return standing.flatMap(({ entry: { changes, state } }) =>
    changes.map(({ image, to }) => ({
      image,
      version: to!,
      digest: imageState(state, image).versions[to!]!.digest,
    })),
  );
}

async function check(found: Audit, pushes: number): Promise<void> {
  const versions = versionsOf(found);
  expect(new Set(versions.map(({ image, version }) => `${image}:${version}`)).size).toBe(pushes);
  expect(new Set(versions.map(({ digest }) => digest)).size).toBe(pushes);
  expect(found.standing).toHaveLength(pushes);
  // Nobody's push came twice, and nobody's not at all.
  expect(new Set(found.standing.map(({ entry }) => entry.reason)).size).toBe(pushes);

  const named = await Promise.all(
    versions.map(async ({ image, version }) => {
      const there = await store.repository(`${PROJECT}/${image}`).resolve(version);
      return { image, version, digest: there?.digest };
    }),
  );
  expect(named).toEqual(versions);
  for (const image of new Set(versions.map((one) => one.image))) {
    const repository = store.repository(`${PROJECT}/${image}`);
    const { rings, versions: held } = imageState(found.view.state, image);
    expect((await repository.resolve('developers'))?.digest).toBe(held[rings['developers']!]!.digest);
    const tags: string[] = [];
    for await (const tag of repository.tags()) if (/^\d+\.\d+\.\d+$/.test(tag)) tags.push(tag);
    expect(tags).toHaveLength(versions.filter((one) => one.image === image).length);
  }
}

describe('a directory to which processes push at once', () => {
  it('the same image: no version is lost, none given twice', async () => {
    const location = `oci:${join(directory, 'store')}`;
    const { voided } = await run('one image, directory', {
      location,
      image: () => 'api',
      pushes: 25,
      apart: true,
    });
    expect(voided.size).toBe(0);
  });

  it('different images: none is in the way of another', async () => {
    const location = `oci:${join(directory, 'store')}`;
    const { voided } = await run('an image each, directory', {
      location,
      image: (i) => `image-${i}`,
      pushes: 5,
      apart: true,
    });
    expect(voided.size).toBe(0);
  });
});

whenAvailable('docker-registry', 'a registry to which processes push at once', () => {
  let registry: RunningRegistry;
  let location: string;
  let count = 0;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  beforeEach(() => {
    location = `http://${registry.host}/${++count}`;
  });
  afterAll(() => registry.stop());

  it('the same image, from one machine: no version is lost, none given twice', async () => {
    const { voided } = await run('one image, docker-registry, one machine', {
      location,
      image: () => 'api',
      pushes: 25,
      apart: false,
    });
    expect(voided.size).toBe(0);
  });

  it('the same image, from different machines: no version is lost, none given twice', async () => {
    await run('one image, docker-registry, a machine each', {
      location,
      image: () => 'api',
      pushes: 25,
      apart: true,
    });
  });

  it('different images, from different machines: none is void', async () => {
    const { voided } = await run('an image each, docker-registry, a machine each', {
      location,
      image: (i) => `image-${i}`,
      pushes: 5,
      apart: true,
    });
    expect(voided.size).toBe(0);
  });
});
