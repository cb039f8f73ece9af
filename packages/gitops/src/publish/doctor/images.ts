import { ANTE, POST, type Rings } from '../../ledger/rings';
import { type State, holding, imageState } from '../../ledger/state';
import { readDocument } from '../../oci/content';
import { isIndex, parseManifest } from '../../oci/manifest';
import type { Repository } from '../../oci/store';
import { contentNotFound } from '../../oci/store-error';
import type { Digest } from '../../oci/types';
import { inParallel } from '../../support/parallel';
import { type Finding, damage, finding } from './finding';

const AT_ONCE = 8;
const REPAIR = 'nx rings --repair';

type RepositoryOf = (image: string) => Repository;

/**
 * Whether the store has all of each version that a ring holds: its manifests, configs and layers.
 * @throws StoreError where the store does not answer
 */
export async function checkImages(state: State, repositoryOf: RepositoryOf): Promise<Finding[]> {
  const versions = Object.keys(state.images)
    .sort()
    .flatMap((image) =>
      Object.entries(imageState(state, image).versions).map(([version, { digest }]) => ({
        image,
        version,
        digest,
      })),
    );
  const findings = await collect(versions, async ({ image, version, digest }) => {
    const error = await damage(() => checkWhole(repositoryOf(image), digest));
    if (!error) return [];
    const { rings } = imageState(state, image);
    const holders = Object.keys(rings).filter((ring) => rings[ring] === version);
    const what = `${image} ${version}, which is in ${holders.join(', ')}, is not whole: ${error.what}`;
    return [finding('images', 'problem', what, 'restore it from a copy of the store')];
  });
  if (findings.length > 0) return findings;
  return [
    finding('images', 'ok', `the store has all of the ${counted(versions.length, 'version')} in rings`),
  ];
}

async function checkWhole(repository: Repository, digest: Digest): Promise<void> {
  const descriptor = await repository.resolve(digest);
  if (!descriptor) throw contentNotFound(digest, repository.where);
  const document = parseManifest(await readDocument(repository, descriptor), `${repository.where}@${digest}`);
  if (isIndex(document)) {
    for (const one of document.manifests) await checkWhole(repository, one.digest);
    return;
  }
  for (const part of [document.config, ...document.layers])
    // What is to be had elsewhere need not be here.
    if (!part.urls && !(await repository.has(part))) throw contentNotFound(part.digest, repository.where);
}

/**
 * Whether the tags of images name what the ledger says.
 * @param isAtRest whether no tag is about to be written: asked when all have been read
 * @throws StoreError where the store does not answer
 */
export async function checkTags(
  state: State,
  rings: Rings,
  repositoryOf: RepositoryOf,
  isAtRest: () => Promise<boolean>,
): Promise<Finding[]> {
  const tags = Object.keys(state.images)
    .sort()
    .flatMap((image) => tagsOf(state, image, rings));
  const findings = await collect(tags, async (tag) => {
    const repository = repositoryOf(tag.image);
    let there: Digest | undefined;
    const error = await damage(async () => (there = (await repository.resolve(tag.name))?.digest));
    if (error) return [finding('image tags', 'problem', error.what, error.remedy)];
    return there === tag.digest ? [] : [difference(tag, `${repository.where}:${tag.name}`, there)];
  });
  const count = tags.filter(({ digest }) => digest !== undefined).length;
  if (findings.length === 0)
    return [
      finding('image tags', 'ok', `${counted(count, 'tag')} of versions and rings name what they should`),
    ];
  if (await isAtRest()) return findings;
  const note = finding(
    'image tags',
    'note',
    'tags have yet to follow the ledger: a push is under way, or was cut off',
    `wait for it, or ${REPAIR}`,
  );
  return [note, ...findings.map((one) => ({ ...one, level: 'warning' as const }))];
}

interface Tag {
  readonly image: string;
  readonly name: string;
  /** What it is to name; undefined where it is not to be there. */
  readonly digest?: Digest;
  readonly version?: string;
  readonly moves: boolean;
}

function tagsOf(state: State, image: string, { all }: Rings): Tag[] {
  const { rings, versions } = imageState(state, image);
  return [
    ...Object.entries(versions).map(([name, { digest }]) => ({ image, name, digest, moves: false })),
    ...[...new Set([...Object.keys(rings), ...all])].map((name) => {
      const { digest, version } = holding(state, image, name) ?? {};
      return { image, name, digest, version, moves: true };
    }),
  ];
}

function difference(tag: Tag, where: string, there: Digest | undefined): Finding {
  const check = 'image tags';
  const { name, image, digest, version } = tag;
  if (digest === undefined) {
    // Many registries remove no tag by itself; in these two rings nothing runs.
    const level = name === ANTE || name === POST ? 'note' : 'warning';
    return finding(check, level, `${where} is there, but ${name} holds no ${image}`, 'remove that tag');
  }
  if (there === undefined) return finding(check, 'warning', `${where} is not there`, REPAIR);
  if (!tag.moves)
    return finding(
      check,
      'problem',
      `${where} was moved to other content, ${there}`,
      `somebody did so without gitops: remove that tag, then ${REPAIR}`,
    );
  return finding(
    check,
    'problem',
    `${where} names ${there}, but ${name} holds ${version}, ${digest}`,
    REPAIR,
  );
}

async function collect<T>(items: readonly T[], look: (item: T) => Promise<Finding[]>): Promise<Finding[]> {
  const found = new Map<T, Finding[]>();
  await inParallel(items, AT_ONCE, async (item) => void found.set(item, await look(item)));
  return items.flatMap((item) => found.get(item)!);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
