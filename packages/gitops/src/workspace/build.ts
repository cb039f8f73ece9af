import { join } from 'node:path';
import { assembler } from '../builders/assemble/assembler';
import { AutoBuilder } from '../builders/auto-builder';
import type { Builder } from '../builders/builder';
import { EngineBuilder } from '../builders/engine/engine-builder';
import type { EngineConnection } from '../builders/engine/engine-connection';
import type { LayerTrees } from '../builders/assemble/layer-trees';
import { sourceLabels } from '../builders/labels';
import { type Output, publish, readOutput } from '../builders/output';
import type { WrittenImage } from '../builders/write-image';
import { type Digest, hexOf, sha256 } from '../oci/digest';
import { canonicalJson } from '../oci/json';
import { Layout } from '../oci/layout';
import type { Platform } from '../oci/platform';
import type { BuildContext } from '../revision/context';
import { FileHashes } from '../revision/file-hashes';
import { type Revision, revisionOf } from '../revision/revision';
import { GitopsError, type Place, at } from '../support/errors';
import { phase } from '../support/phases';
import { withLock } from '../support/lock';
import type { Analysis } from './analysis';
import { Bases } from './bases';
import { type WorkspaceImage, outputPath, referenceName } from './image';
import { imageContext } from './image-context';
import { type Ingredient, findIngredients } from './ingredients';
import type { Workspace } from './workspace';

/** Changes when the same sources are to give another image. */
const BUILD_VERSION = 2;

export interface BuildResult {
  readonly image: WorkspaceImage;
  /** The manifest's digest, or the index's where there are several platforms. */
  readonly digest: Digest;
  readonly revision: string;
  /** Whether there was anything to do. */
  readonly built: boolean;
  /** How many files of the context are in it. */
  readonly files: number;
  readonly layout: Layout;
}

interface Recipe {
  readonly revision: Revision;
  readonly labels: Readonly<Record<string, string>>;
  /** What tells two builds apart. */
  readonly key: string;
  /** The same, for bases that are equal in what they hand down. */
  readonly content: string;
}

/** Where an image is built to. */
export interface Destination {
  readonly layout: Layout;
  /** Another layout that may have been built before, of the same sources. */
  readonly instead?: Layout;
}

export interface BuilderOptions {
  readonly bases?: Bases;
  /** Where images are built to; into their outputs by default. */
  readonly destination?: (image: WorkspaceImage) => Destination;
  readonly signal?: AbortSignal;
}

/** An image to build, and what it is made from. */
interface Work {
  readonly image: WorkspaceImage;
  readonly analysis: Analysis;
  readonly context: BuildContext;
  /**
   * Reads the sources that are not known. A first build asks for it when the layers are written, and reads them once.
   */
  readonly recipe: () => Recipe;
  readonly destination: Destination;
}

type Log = (line: string) => void;

/** Who hears of a build. */
export interface Listener {
  /** Warnings, and what was decided. */
  readonly log: Log;
  /** What the steps of an engine's build say, as it comes. */
  readonly onOutput: Log;
}

/** Builds images of a workspace into their outputs. */
export class ImageBuilder {
  private readonly bases: Bases;
  private readonly destination: (image: WorkspaceImage) => Destination;
  private readonly names: () => ReadonlySet<string>;

  /**
   * @param cache a directory of this machine for what saves work; it may be removed at any time
   * @param engine where there is need of one
   */
  constructor(
    private readonly workspace: Workspace,
    private readonly trees: LayerTrees,
    private readonly cache: string,
    private readonly engine: EngineConnection,
    private readonly options: BuilderOptions = {},
  ) {
    this.bases = options.bases ?? new Bases(workspace, trees);
    this.names = once(() => new Set(workspace.images.map(({ name }) => name)));
    this.destination =
      options.destination ?? ((image) => ({ layout: new Layout(join(workspace.root, outputPath(image))) }));
  }

  /**
   * Builds one image, unless its output is up to date. The images that it is made from have to be built.
   * @throws GitopsError that says what is wrong and where; the output is then as it was before
   */
  async build(image: WorkspaceImage, listener: Listener): Promise<BuildResult> {
    return at({ file: image.options.containerfile }, () => this.buildChecked(image, listener));
  }

  private async buildChecked(image: WorkspaceImage, listener: Listener): Promise<BuildResult> {
    this.check(image);
    const analysis = this.workspace.analysis(image);
    this.warn(image, analysis, listener.log);
    const work = await this.prepare(image, analysis, listener.log);
    const { layout } = work.destination;
    // An output is replaced in one step: whether it is up to date can be seen without keeping others out.
    const done = upToDate(work, readOutput(layout));
    if (done) return done;
    const lock = join(this.cache, 'locks', hexOf(sha256(layout.directory)));
    return withLock(lock, async () => {
      const before = readOutput(layout);
      return upToDate(work, before) ?? this.write(work, before, listener);
    });
  }

  /**
   * The revision of an image, without building it. The sources that are not known from before are read.
   * @throws GitopsError that says what is wrong and where
   */
  async revision(image: WorkspaceImage): Promise<Revision> {
    return at({ file: image.options.containerfile }, async () => {
      this.check(image);
      const hashes = FileHashes.load(this.hashFile(image));
      const analysis = this.workspace.analysis(image);
      const context = imageContext(this.workspace.root, image, hashes);
      const revision = phase('look at sources', () => revisionOf({ ...analysis, context }));
      hashes.save();
      return revision;
    });
  }

  async close(): Promise<void> {
    this.trees.close();
    await this.bases.close();
  }

  private check(image: WorkspaceImage): void {
    this.workspace.checkName(image);
    this.workspace.checkOutput(image);
    const circle = this.workspace.circle(image);
    if (!circle) return;
    const names = circle.map(({ name }) => name).join(' → ');
    const { line } = this.workspace.dependencies(image).find((dependency) => dependency.image === circle[1])!;
    throw new GitopsError(
      `the image is made from itself: ${names}`,
      { file: image.options.containerfile, line },
      'take one of these out of the circle',
    );
  }

  private warn(image: WorkspaceImage, { variants, labels }: Analysis, log: Log): void {
    const file = image.options.containerfile;
    for (const name of variants[0]!.plan.unusedBuildArgs)
      log(`warning: ${file}: the build argument ${name} is declared by no ARG`);
    for (const label of labels)
      if (!this.names().has(label.image))
        log(`warning: ${file}:${label.line}: dependency.${label.image} names no image of this workspace`);
  }

  private async prepare(image: WorkspaceImage, analysis: Analysis, log: Log): Promise<Work> {
    const hashes = FileHashes.load(this.hashFile(image));
    const context = imageContext(this.workspace.root, image, hashes);
    const ingredients = await phase('look at bases', () =>
      findIngredients(this.workspace, this.bases, analysis, log),
    );
    const recipe = once(() => {
      const revision = phase('look at sources', () => revisionOf({ ...analysis, context }));
      hashes.save();
      return this.recipe(image, revision, ingredients);
    });
    return { image, analysis, context, recipe, destination: this.destination(image) };
  }

  private async write(work: Work, before: Output | undefined, listener: Listener): Promise<BuildResult> {
    const { image, analysis, context, recipe } = work;
    const { layout } = work.destination;
    const { full = false } = image.options;
    const builder = this.builder(image, listener);
    const written: WrittenImage[] = [];
    for (const { platform, plan } of analysis.variants) {
      const request = {
        containerfile: analysis.containerfile,
        text: analysis.text,
        plan,
        context,
        buildArgs: analysis.buildArgs,
        platform,
        findImage: (reference: string, wanted: Platform, place: Place) =>
          this.bases.find(reference, wanted, place),
        scratch: join(this.cache, 'scratch'),
        layout,
        get labels() {
          return recipe().labels;
        },
        known: before?.layers ?? new Map(),
        full,
        signal: this.options.signal,
      };
      written.push(await phase('build', () => builder.build(request)));
    }
    const { key, content } = recipe();
    const digest = await phase('replace outputs', () => publish(layout, written, { key, content, full }));
    return result(work, digest, true);
  }

  private recipe(image: WorkspaceImage, revision: Revision, ingredients: readonly Ingredient[]): Recipe {
    const { settings } = this.workspace;
    const labels = sourceLabels(referenceName(image, settings), revision.hash, settings.vendor);
    const made = { version: BUILD_VERSION, revision: revision.hash };
    const { full = false } = image.options;
    const bases = ingredients.map(({ name, digest }) => (digest ? [name, digest] : name));
    const key = sha256(canonicalJson({ ...made, labels, bases, full }));
    const contents = ingredients.map(({ name, content }) => [name, content]);
    return { revision, labels, key, content: sha256(canonicalJson({ ...made, bases: contents })) };
  }

  private builder({ name, options }: WorkspaceImage, { log, onOutput }: Listener): Builder {
    if (options.builder === 'assemble') return assembler;
    const engine = new EngineBuilder(this.engine, {
      options,
      key: `${this.workspace.root} ${name}`,
      directory: this.workspace.root,
      onOutput,
    });
    return options.builder === 'docker'
      ? engine
      : new AutoBuilder(engine, this.engine, (why) => log(`${name}: ${why}`));
  }

  private hashFile({ options, projectRoot }: WorkspaceImage): string {
    const name = sha256(JSON.stringify([projectRoot, options.containerfile, options.context ?? 'project']));
    return join(this.cache, 'hashes', `${hexOf(name)}.json`);
  }
}

/** What there is, where nothing is to be done. */
function upToDate(work: Work, before: Output | undefined): BuildResult | undefined {
  const { instead } = work.destination;
  const other = instead && readOutput(instead);
  if (other?.isWhole && other.content === work.recipe().content)
    return result(work, other.digest, false, instead);
  if (before?.isWhole && !work.image.options.noCache && before.key === work.recipe().key)
    return result(work, before.digest, false);
  return undefined;
}

function result(
  { image, recipe, destination }: Work,
  digest: Digest,
  built: boolean,
  layout = destination.layout,
): BuildResult {
  const { hash, files } = recipe().revision;
  const count = [...files.values()].filter((what) => what !== 'directory').length;
  return { image, revision: hash, files: count, layout, digest, built };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
