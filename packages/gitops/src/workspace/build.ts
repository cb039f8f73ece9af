import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assembler } from '../builders/assemble/assembler';
import { AutoBuilder } from '../builders/auto-builder';
import type { Builder } from '../builders/builder';
import { EngineBuilder } from '../builders/engine/engine-builder';
import type { EngineConnection } from '../builders/engine/engine-connection';
import type { LayerTrees } from '../builders/assemble/layer-trees';
import { contentIdentity } from '../builders/content-identity';
import { sourceLabels } from '../builders/labels';
import { engineWork } from '../builders/needs-engine';
import { publish, readOutput } from '../builders/output';
import type { WrittenImage } from '../builders/write-image';
import { compileIgnore, ignoreFileCandidates, parseIgnoreFile } from '../containerfile/ignore';
import { type Digest, hexOf, sha256 } from '../oci/digest';
import { canonicalJson } from '../oci/json';
import { Layout } from '../oci/layout';
import type { Platform } from '../oci/platform';
import { BuildContext } from '../revision/context';
import { FileHashes } from '../revision/file-hashes';
import { type Revision, revisionOf } from '../revision/revision';
import { StoreError } from '../oci/store-error';
import { GitopsError, type Place, at } from '../support/errors';
import { withLock } from '../support/lock';
import type { Analysis } from './analysis';
import { Bases, MANIFEST_UNKNOWN } from './bases';
import { type WorkspaceImage, contextRoot, outputPath, referenceName } from './image';
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

/** What an image is made from, as far as it can be known without an engine. */
interface Ingredient {
  readonly name: string;
  readonly digest?: Digest;
  readonly content?: Digest;
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
    const destination = this.destination(image);
    const lock = join(this.cache, 'locks', hexOf(sha256(destination.layout.directory)));
    return withLock(lock, () => this.buildAlone(image, analysis, destination, listener));
  }

  /**
   * The revision of an image, without building it. The sources that are not known from before are read.
   * @throws GitopsError that says what is wrong and where
   */
  async revision(image: WorkspaceImage): Promise<Revision> {
    return at({ file: image.options.containerfile }, async () => {
      this.check(image);
      const hashes = FileHashes.load(this.hashFile(image));
      const revision = revisionOf({
        ...this.workspace.analysis(image),
        context: this.context(image, hashes),
      });
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
    const known = new Set(this.workspace.images.map(({ name }) => name));
    for (const label of labels)
      if (!known.has(label.image))
        log(`warning: ${file}:${label.line}: dependency.${label.image} names no image of this workspace`);
  }

  private async buildAlone(
    image: WorkspaceImage,
    analysis: Analysis,
    { layout, instead }: Destination,
    listener: Listener,
  ): Promise<BuildResult> {
    const hashes = FileHashes.load(this.hashFile(image));
    const context = this.context(image, hashes);
    const found = await this.findBases(analysis, listener.log);
    const before = readOutput(layout);
    // Reads the sources that are not known. A first build asks for it when the layers are written, and reads them once.
    const recipe = once(() => {
      const revision = revisionOf({ ...analysis, context });
      hashes.save();
      return this.recipe(image, revision, found);
    });
    const result = (digest: Digest, built: boolean, where = layout): BuildResult => {
      const { hash, files } = recipe().revision;
      const count = [...files.values()].filter((what) => what !== 'directory').length;
      return { image, revision: hash, files: count, layout: where, digest, built };
    };
    const other = instead && readOutput(instead);
    if (other?.isWhole && other.content === recipe().content) return result(other.digest, false, instead);
    if (before?.isWhole && !image.options.noCache && before.key === recipe().key)
      return result(before.digest, false);

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
        full: image.options.full ?? false,
        signal: this.options.signal,
      };
      written.push(await builder.build(request));
    }
    const { key, content } = recipe();
    return result(await publish(layout, written, { key, content, full: image.options.full ?? false }), true);
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

  private context(image: WorkspaceImage, hashes: FileHashes): BuildContext {
    const root = contextRoot(image);
    const output = outputPath(image);
    const file = ignoreFileCandidates(image.options.containerfile, root).find((candidate) =>
      existsSync(join(this.workspace.root, candidate)),
    );
    const patterns = file ? parseIgnoreFile(readFileSync(join(this.workspace.root, file), 'utf8'), file) : [];
    const rules = compileIgnore([...patterns, ...neverTaken(root, output)], file ? { file } : undefined);
    return new BuildContext(join(this.workspace.root, root), rules, hashes, file);
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

  private async findBases(
    { variants, uses, containerfile }: Analysis,
    log: Log,
  ): Promise<readonly Ingredient[]> {
    const found: Ingredient[] = [];
    for (const { platform, plan } of variants)
      for (const { reference, written, line } of uses) {
        const place = { file: containerfile.file, line };
        try {
          const base = await this.bases.find(reference, platform, place);
          const isOurs = this.workspace.match(reference, place)?.pinned === false;
          const content = isOurs ? await contentIdentity(base.image) : base.digest;
          found.push({ name: base.name, digest: base.digest, content });
          if (base.pinned && platform === variants[0]!.platform)
            log(
              `warning: ${place.file}:${line}: ${reference} is what its tag means now; lock it by nx g gitops:lock, or pin it as ${base.pinned}`,
            );
        } catch (error) {
          // An engine may have images of its own.
          if (!(error instanceof StoreError) || !engineWork(containerfile, plan)) throw error;
          // What it has is not what is locked, where the registry lost that.
          if (written !== undefined && error.code === MANIFEST_UNKNOWN) throw error;
          found.push({ name: reference });
        }
      }
    return found;
  }

  private hashFile({ options, projectRoot }: WorkspaceImage): string {
    const name = sha256(JSON.stringify([projectRoot, options.containerfile, options.context ?? 'project']));
    return join(this.cache, 'hashes', `${hexOf(name)}.json`);
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** An image never holds itself, nor what Nx and this plugin write while it is built. */
function neverTaken(root: string, output: string): string[] {
  if (root === '.') return [literal(output), '.nx'];
  return output.startsWith(`${root}/`) ? [literal(output.slice(root.length + 1))] : [];
}

/** A path as a pattern that stands for it alone: directories may be called `[id]`. */
function literal(path: string): string {
  return path.replace(/[*?[\]\\!#]/g, '\\$&');
}
