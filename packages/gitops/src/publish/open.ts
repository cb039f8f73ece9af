import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LayerTrees } from '../builders/assemble/layer-trees';
import type { EngineConnection } from '../builders/engine/engine-connection';
import { Ledger } from '../ledger/ledger';
import { Rings } from '../ledger/rings';
import { hexOf, sha256 } from '../oci/digest';
import { Layout } from '../oci/layout';
import { openRegistry } from '../oci/registry';
import type { Store, WritableRepository } from '../oci/store';
import { GitopsError } from '../support/errors';
import { Bases } from '../workspace/bases';
import { ImageBuilder } from '../workspace/build';
import { type WorkspaceImage, outputPath, referenceName } from '../workspace/image';
import type { Settings } from '../workspace/settings';
import { Stores } from '../workspace/stores';
import { type Whereabouts, inOutputs } from '../workspace/whereabouts';
import type { Workspace } from '../workspace/workspace';
import { Compressor } from './compressor';
import { LayerCache, layerCapacity } from './layer-cache';
import { LayerMemory } from './layer-memory';
import { Planner } from './planner';
import { Publications } from './publications';
import { Uploader } from './upload';

/** The last part of the ledger's repository: no image can be called so. */
const LEDGER = 'ledger';

export interface PublishingOptions {
  readonly workspace: Workspace;
  /** A directory of this machine for what saves work; it may be removed at any time. */
  readonly cache: string;
  readonly engine: EngineConnection;
  /** The labels that each image's target adds. */
  readonly labels: (image: WorkspaceImage) => Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** All that publishing the images of a workspace takes. */
export interface Publishing {
  readonly rings: Rings;
  readonly ledger: Ledger;
  /** Finds images where `image-build` puts them. */
  readonly bases: Bases;
  readonly publications: Publications;
  repositoryOf(image: string): WritableRepository;
  /** @throws GitopsError for a ring that nothing can be built for, and an image that cannot be called so */
  planner(images: readonly WorkspaceImage[], ring: string | undefined, bump: 'major' | undefined): Planner;
  close(): Promise<void>;
}

/** Opens the state store. No request is made before something is asked of it. */
export function openPublishing(options: PublishingOptions): Publishing {
  const { workspace, cache, engine, labels, signal } = options;
  const { settings } = workspace;
  const stores = new Stores(workspace.root, openRegistry);
  const store = stores.open(settings.store);
  const rings = new Rings(settings.rings);
  const trees = new LayerTrees(join(cache, 'trees'));
  const ledger = openLedger(store, settings);
  const whereabouts = new Map<WorkspaceImage, Whereabouts>();
  const outputs = inOutputs(workspace.root);
  const bases = new Bases(workspace, trees, (image) => whereabouts.get(image) ?? outputs(image), stores);
  const builder = new ImageBuilder(workspace, trees, cache, engine, {
    bases,
    // What is built on what the store has is not what `image-build` makes: that one's output is left alone.
    destination: (image) => ({
      layout: new Layout(join(cache, 'pushed', hexOf(sha256(outputPath(image))))),
      instead: new Layout(join(workspace.root, outputPath(image))),
    }),
    signal,
  });
  // A directory takes layers as they are, and knows by itself which of them it has.
  const compressor = store.isRemote
    ? new Compressor(new LayerCache(join(cache, 'layers'), layerCapacity(process.env)))
    : undefined;
  const memory = store.isRemote ? new LayerMemory(join(cache, 'stores'), store.where) : undefined;
  const publications = new Publications({
    workspace,
    store,
    builder,
    bases,
    uploader: new Uploader(store, { compressor, memory, trees }),
    whereabouts,
    labels,
    signal,
  });

  return {
    rings,
    ledger,
    bases: new Bases(workspace, trees, outputs, stores),
    publications,
    repositoryOf: publications.repositoryOf,
    planner(images, ring, bump) {
      for (const image of images) checkImageName(image);
      const decide = { rings, ring: rings.target(ring), bump, initialVersion: settings.initialVersion };
      return new Planner(workspace, ledger, decide, images, (image) => publications.revision(image));
    },
    async close() {
      compressor?.close();
      memory?.close();
      await builder.close();
    },
  };
}

/** The ledger of a workspace, in its state store. */
export function openLedger(store: Store, settings: Settings): Ledger {
  const repository = store.repository(referenceName({ name: LEDGER }, settings));
  return new Ledger(repository, { lockFile: lockFile(repository.where) });
}

/** Runs of one machine need not get in each other's way; where there is nowhere to put a file, they may. */
function lockFile(where: string): string | undefined {
  const directory = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'gitops', 'locks');
  try {
    mkdirSync(directory, { recursive: true });
    return join(directory, hexOf(sha256(where)));
  } catch {
    return undefined;
  }
}

function checkImageName({ name, options }: WorkspaceImage): void {
  if (name !== LEDGER) return;
  throw new GitopsError(
    `an image cannot be called ${LEDGER}: that is where the state store keeps the ledger`,
    { file: options.containerfile },
    'give it another name, by the option image',
  );
}
