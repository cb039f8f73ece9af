import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Rings } from '../ledger/rings';
import { repositoryName } from '../oci/names';
import { parseReference } from '../oci/reference';
import { GitopsError, at } from '../support/errors';
import { phase } from '../support/phases';
import { type Analysis, type ImageUse, analyse, lockAnalysis } from './analysis';
import { type BaseLock, lockName, lockReference, readBaseLock } from './base-lock';
import { buildArguments, DEFAULT_PLATFORMS } from './build-options';
import { type WorkspaceImage, outputPath, referenceName } from './image';
import type { Parse } from './parsed';
import { type Settings, readSettings } from './settings';
import { repositoryInStore } from './store-location';

/** Another image of the workspace that an image needs. */
export interface Dependency {
  readonly image: WorkspaceImage;
  readonly via: 'FROM' | '--from' | 'label';
  readonly line: number;
  /**
   * Whether it is held at an exact version or digest, which the store has. If not, it follows the workspace: it is
   * what the sources here make of it.
   */
  readonly pinned: boolean;
}

/** The images of a workspace and what they need of each other. Container files are read when they are asked for. */
export class Workspace {
  private readonly byReference = new Map<string, WorkspaceImage[]>();
  private outputs: Map<string, WorkspaceImage[]> | undefined;
  private readonly analyses = new Map<WorkspaceImage, Analysis | GitopsError>();
  private readonly needs = new Map<WorkspaceImage, Dependency[]>();
  private lock: BaseLock | undefined;

  /** @param readLock what external bases are locked at; it is read where there is one, which fails that image alone */
  constructor(
    readonly root: string,
    readonly settings: Settings,
    readonly images: readonly WorkspaceImage[],
    private readonly readLock: () => BaseLock = () => readBaseLock(root),
  ) {
    for (const image of images) {
      const reference = referenceName(image, settings);
      this.byReference.set(reference, [...(this.byReference.get(reference) ?? []), image]);
    }
  }

  /** @param parsed knows what was parsed before @throws GitopsError for a mistake in gitops.yaml */
  static open(root: string, images: readonly WorkspaceImage[], parsed?: Parse): Workspace {
    return new Workspace(root, readSettings(root, parsed), images, () => readBaseLock(root, parsed));
  }

  /**
   * What the image's container file says.
   * @throws GitopsError where it cannot be read
   */
  analysis(image: WorkspaceImage): Analysis {
    let analysis = this.analyses.get(image);
    if (!analysis) {
      try {
        analysis = phase('read Containerfiles', () => this.read(image));
      } catch (error) {
        if (!(error instanceof GitopsError)) throw error;
        analysis = error;
      }
      this.analyses.set(image, analysis);
    }
    if (analysis instanceof GitopsError) throw analysis;
    return analysis;
  }

  /**
   * The images of the workspace that an image needs, in the order in which it names them.
   * @throws GitopsError where its container file cannot be read, or names an image that two projects claim
   */
  dependencies(image: WorkspaceImage): readonly Dependency[] {
    let needs = this.needs.get(image);
    if (!needs) this.needs.set(image, (needs = this.findDependencies(image)));
    return needs;
  }

  private findDependencies(image: WorkspaceImage): Dependency[] {
    const { uses, labels, containerfile } = this.analysis(image);
    const found = uses.flatMap(({ reference, via, line }): Dependency[] => {
      const match = this.match(reference, { file: containerfile.file, line });
      return match ? [{ ...match, via, line }] : [];
    });
    const labelled = labels.flatMap(({ image: name, line }): Dependency[] => {
      const dependency = this.one(referenceName({ name }, this.settings), { file: containerfile.file, line });
      return dependency ? [{ image: dependency, via: 'label', line, pinned: false }] : [];
    });
    return [...found, ...labelled];
  }

  /** The images whose content goes into the image, and which are therefore built before it. */
  ingredients(image: WorkspaceImage): WorkspaceImage[] {
    const built = this.dependencies(image).filter(({ pinned, via }) => !pinned && via !== 'label');
    return [...new Set(built.map((dependency) => dependency.image))];
  }

  /**
   * Where an image names images that are not of this workspace, by references that may come to mean something else:
   * what a lock is for.
   * @throws GitopsError where its container file cannot be read, or names what is no reference
   */
  externalBases(image: WorkspaceImage): ImageUse[] {
    const { uses, containerfile } = this.analysis(image);
    return uses.filter((use) => {
      const place = { file: containerfile.file, line: use.line };
      const isLoose = parseReference(use.written ?? use.reference, place).digest === undefined;
      return isLoose && !this.match(use.reference, place);
    });
  }

  /** What the lock calls a reference whose digest is the lock's; undefined for any other. */
  lockedName(reference: string): string | undefined {
    const [written] = reference.split('@') as [string];
    return written !== reference && lockReference(written, this.lock ?? new Map()) === reference
      ? lockName(written)
      : undefined;
  }

  /**
   * The image of the workspace that a reference names; undefined for any other.
   * @throws GitopsError for what is no reference, and where two projects claim the image
   */
  match(
    reference: string,
    place: { file: string; line: number },
  ): Pick<Dependency, 'image' | 'pinned'> | undefined {
    const { host, repository, tag, digest } = parseReference(reference, place);
    const named = host === undefined ? repository : `${host}/${repository}`;
    const image = this.one(repositoryInStore(named, this.settings) ?? named, place);
    return image && { image, pinned: digest !== undefined || !this.follows(tag) };
  }

  /** `api → base → api`, where the image is made from itself. */
  circle(image: WorkspaceImage): WorkspaceImage[] | undefined {
    const visited = new Set<WorkspaceImage>();
    const search = (path: WorkspaceImage[]): WorkspaceImage[] | undefined => {
      for (const next of this.tryIngredients(path.at(-1)!)) {
        if (next === image) return [...path, next];
        if (visited.has(next)) continue;
        visited.add(next);
        const found = search([...path, next]);
        if (found) return found;
      }
      return undefined;
    };
    return search([image]);
  }

  /**
   * @throws GitopsError for what no image can be called, and where another project claims the name too, or another
   * file of its directory
   */
  checkName(image: WorkspaceImage): void {
    const place = { file: image.options.containerfile };
    const reference = referenceName(image, this.settings);
    at(place, () => repositoryName(reference));
    const claimants = this.byReference.get(reference) ?? [];
    if (claimants.length > 1) throw claimed(image.name, claimants, place);
  }

  /** @throws GitopsError for an output outside the workspace, and for one that is another image's too */
  checkOutput(image: WorkspaceImage): void {
    const output = normalOutput(image);
    const place = { file: image.options.containerfile };
    if (output === '.' || output.split('/')[0] === '..' || posix.isAbsolute(output))
      throw new GitopsError(
        `its outputPath ${output} is not inside the workspace`,
        place,
        'choose a directory below dist',
      );
    const others = this.byOutput()
      .get(output)!
      .filter((other) => other !== image);
    if (others.length > 0)
      throw new GitopsError(
        `its outputPath ${output} is that of ${others[0]!.options.containerfile} too`,
        place,
        'choose another one for either of them',
      );
  }

  private byOutput(): ReadonlyMap<string, readonly WorkspaceImage[]> {
    if (!this.outputs) {
      this.outputs = new Map<string, WorkspaceImage[]>();
      for (const image of this.images) {
        const output = normalOutput(image);
        this.outputs.set(output, [...(this.outputs.get(output) ?? []), image]);
      }
    }
    return this.outputs;
  }

  private one(reference: string, place: { file: string; line: number }): WorkspaceImage | undefined {
    const claimants = this.byReference.get(reference) ?? [];
    if (claimants.length > 1) throw claimed(claimants[0]!.name, claimants, place);
    return claimants[0];
  }

  private follows(tag: string | undefined): boolean {
    return tag === undefined || tag === 'latest' || new Rings(this.settings.rings).has(tag);
  }

  private tryIngredients(image: WorkspaceImage): WorkspaceImage[] {
    try {
      return this.ingredients(image);
    } catch (error) {
      // Its own build says what is wrong with it.
      if (error instanceof GitopsError) return [];
      throw error;
    }
  }

  private read({ options }: WorkspaceImage): Analysis {
    const file = options.containerfile;
    let text: string;
    try {
      text = readFileSync(join(this.root, file), 'utf8');
    } catch (error) {
      throw new GitopsError(`it cannot be read (${(error as NodeJS.ErrnoException).code})`, { file });
    }
    const analysis = analyse(text, file, {
      ...(options.target === undefined ? {} : { target: options.target }),
      buildArgs: buildArguments(options.buildArgs, process.env),
      platforms: options.platforms ?? DEFAULT_PLATFORMS,
    });
    return lockAnalysis(analysis, ({ reference, line }) => this.locked(reference, { file, line }));
  }

  private locked(reference: string, place: { file: string; line: number }): string | undefined {
    try {
      if (this.match(reference, place)) return undefined;
    } catch (error) {
      // What is wrong with it is for whoever needs it to say.
      if (error instanceof GitopsError) return undefined;
      throw error;
    }
    return lockReference(reference, (this.lock ??= this.readLock()));
  }
}

function normalOutput(image: WorkspaceImage): string {
  return posix.join(outputPath(image), '.');
}

function claimed(
  name: string,
  claimants: readonly WorkspaceImage[],
  place: { file: string; line?: number },
): GitopsError {
  const files = claimants.map(({ options, project }) => `${options.containerfile} (project ${project})`);
  return new GitopsError(
    `the image name ${name} is claimed by ${files.join(' and ')}`,
    place,
    'rename one of the projects, or give one the option image',
  );
}
