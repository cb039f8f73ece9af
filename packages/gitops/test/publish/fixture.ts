import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LayerTrees } from '../../src/builders/assemble/layer-trees';
import { EngineConnection } from '../../src/builders/engine/engine-connection';
import { label } from '../../src/executors/label/verb';
import type { Verb } from '../../src/executors/publish/run';
import { push } from '../../src/executors/push/verb';
import { type Digest, sha256 } from '../../src/oci/digest';
import { type Publishing, openPublishing } from '../../src/publish/open';
import { report, table } from '../../src/publish/report';
import type { Sent } from '../../src/publish/upload';
import { GitopsError } from '../../src/support/errors';
import { ImageBuilder } from '../../src/workspace/build';
import type { BuildOptions } from '../../src/workspace/build-options';
import type { Settings } from '../../src/workspace/settings';
import { Workspace } from '../../src/workspace/workspace';
import { noise } from '../oci/fixtures';
import { type Files, writeFiles } from '../support/files';
import { Shelf } from './shelf';
import { SETTINGS, imageOf, named } from './workspaces';

const SIZES = { base: 300_000, api: 200_000, web: 100_000 } as const;

/** base ← api ← web, and a root image that names api. What each adds does not compress, and tells by its size. */
export const FILES: Files = {
  'base/Containerfile': 'FROM scratch\nCOPY base.bin /\nLABEL team=base\n',
  'base/base.bin': noise(SIZES.base, 1),
  'api/Containerfile': 'FROM acme/shop/base\nCOPY api.bin /\n',
  'api/api.bin': noise(SIZES.api, 2),
  'web/Containerfile': 'FROM acme/shop/api\nCOPY web.bin /\n',
  'web/web.bin': noise(SIZES.web, 3),
  'root/Containerfile': 'FROM scratch\nCOPY root.txt /\nLABEL dependency.api="*"\n',
  'root/root.txt': 'root\n',
};

/** Other content of an image, of the same size. */
export function change(name: keyof typeof SIZES, seed = 0): Files {
  return { [`${name}/${name}.bin`]: noise(SIZES[name], 100 + seed) };
}

/** What images have in them that are made of such files: `{ 'api.bin': 'sha256:…' }`. */
export function contents(...files: Files[]): Record<string, Digest> {
  const all = Object.entries(Object.assign({}, ...files) as Record<string, Buffer>);
  return Object.fromEntries(
    all.filter(([path]) => path.endsWith('.bin')).map(([path, bytes]) => [basename(path), sha256(bytes)]),
  );
}

export interface PublishOptions {
  /** All images of the workspace by default. */
  readonly images?: readonly string[];
  readonly ring?: string;
  readonly bump?: 'major';
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  /** Labels that the targets add, by image. */
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly settings?: Partial<Settings>;
  readonly signal?: AbortSignal;
  /** Runs when it was announced what is to be done, before any of it is. */
  readonly onPlanned?: () => Promise<unknown>;
  /** Runs when all is built and sent, before a version is claimed. */
  readonly onCommit?: () => Promise<unknown>;
}

export interface Published {
  /** What was said of each image that went well, after its name. */
  readonly said: Readonly<Record<string, string>>;
  /** What is wrong with each that did not. */
  readonly failed: Readonly<Record<string, string>>;
  /** The rows of the table, with a blank between their cells. */
  readonly table: readonly string[];
  readonly log: readonly string[];
  /** What went to the store for each image that was made here. */
  readonly made: Readonly<Record<string, Sent>>;
}

/** A checkout of the workspace acme/shop, on a machine of its own; it is published as the executors do. */
export class Shop {
  readonly root: string;
  readonly cache: string;
  readonly shelf: Shelf;
  private clones = 0;

  /**
   * @param directory where both are
   * @param store the location of the state store
   */
  constructor(
    private readonly directory: string,
    readonly store: string,
    files: Files = FILES,
    private readonly options: Readonly<Record<string, Partial<BuildOptions>>> = {},
  ) {
    this.root = join(directory, 'checkout');
    this.cache = join(directory, 'cache');
    this.shelf = new Shelf(store);
    writeFiles(this.root, files);
  }

  /** The same sources on another machine, which has built nothing. */
  clone(): Shop {
    const clone = new Shop(join(this.directory, `clone-${++this.clones}`), this.store, {}, this.options);
    cpSync(this.root, clone.root, { recursive: true });
    rmSync(join(clone.root, 'dist'), { recursive: true, force: true });
    return clone;
  }

  write(files: Files): this {
    writeFiles(this.root, files);
    return this;
  }

  push(options?: PublishOptions): Promise<Published> {
    return this.publish(push, options);
  }

  label(options?: PublishOptions): Promise<Published> {
    return this.publish(label, options);
  }

  /** What `image-build` does, for images in the order in which they are named. */
  async build(...names: string[]): Promise<void> {
    const workspace = this.workspace();
    const trees = new LayerTrees(join(this.cache, 'trees'));
    const builder = new ImageBuilder(workspace, trees, this.cache, engine());
    const listener = { log: () => undefined, onOutput: () => undefined };
    try {
      for (const name of names) await builder.build(named(workspace, name), listener);
    } finally {
      await builder.close();
    }
  }

  private async publish(verb: Verb, options: PublishOptions = {}): Promise<Published> {
    const workspace = this.workspace(options.settings);
    const names = options.images ?? workspace.images.map(({ name }) => name);
    const labels = ({ name }: { name: string }) => options.labels?.[name] ?? {};
    const { cache } = this;
    const publishing = openPublishing({ workspace, cache, engine: engine(), labels, signal: options.signal });
    if (options.onCommit) beforeCommit(publishing, options.onCommit);
    const log: string[] = [];
    const { ring, bump, reason, force } = options;
    const work = {
      publishing,
      workspace,
      images: names.map((name) => named(workspace, name)),
      options: { buildTarget: 'image-build', ring, bump, reason, force },
      concurrency: 4,
      cache,
      labels,
      log: (line: string) => void log.push(line),
    };
    try {
      return { ...(await run(verb, work, options)), log };
    } finally {
      await publishing.close();
    }
  }

  private workspace(settings: Partial<Settings> = {}): Workspace {
    const names = readdirSync(this.root).filter((name) => existsSync(join(this.root, name, 'Containerfile')));
    const images = names.map((name) => imageOf(name, this.options[name]));
    return new Workspace(this.root, { ...SETTINGS, store: this.store, ...settings }, images);
  }
}

/** What the executors have in common; Nx's part aside. */
async function run(
  verb: Verb,
  work: Parameters<Verb['run']>[0],
  { ring, bump, dryRun, onPlanned }: PublishOptions,
): Promise<Omit<Published, 'log'>> {
  const { publishing, images } = work;
  const planner = publishing.planner(verb.planned(work), ring, bump);
  const plan = await planner.plan();
  const rows = await report(images, plan, {
    ring: planner.options.ring,
    repositoryOf: publishing.repositoryOf,
    sources: (image) => publishing.publications.sources(image),
  });
  await onPlanned?.();
  const refusal = dryRun ? verb.refusal?.(work, planner, plan) : undefined;
  if (refusal) throw refusal;
  const intended = (name: string): GitopsError | string => {
    const decision = plan.decisions.get(name)!;
    return decision instanceof GitopsError ? decision : verb.intend(decision, planner.options.ring);
  };
  const done = dryRun
    ? new Map(images.map((image) => [image, intended(image.name)]))
    : await verb.run(work, planner, plan);
  const said: Record<string, string> = {};
  const failed: Record<string, string> = {};
  const made: Record<string, Sent> = {};
  for (const image of images) {
    const what = done.get(image)!;
    if (what instanceof GitopsError) failed[image.name] = what.message;
    else said[image.name] = what.slice(`${image.name}: `.length);
    const sent = publishing.publications.sent(image);
    if (sent) made[image.name] = sent;
  }
  const [, ...lines] = table(rows).split('\n');
  return { said, failed, made, table: lines.map((line) => line.replace(/ +/g, ' ')) };
}

function beforeCommit({ ledger }: Publishing, work: () => Promise<unknown>): void {
  const commit = ledger.commit.bind(ledger);
  ledger.commit = async (...args) => {
    await work();
    return commit(...args);
  };
}

function engine(): EngineConnection {
  return new EngineConnection(() => undefined);
}
