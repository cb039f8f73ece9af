import { posix } from 'node:path';
import { GitopsError } from '../support/errors';
import type { BuildOptions } from '../workspace/build-options';
import { type FoundFile, asContainerFile, nameDirectories } from '../workspace/container-files';
import { type WorkspaceImage, imageName } from '../workspace/image';
import type { ResolvedOptions } from './options';
import type { ProjectFiles } from './project-files';

/** A directory with container files: one Nx project. */
export interface InferredProject {
  readonly root: string;
  readonly name: string;
  readonly images: readonly WorkspaceImage[];
}

/**
 * The projects and images of a workspace, from the container files in it.
 * @param files what Nx found, relative to the workspace
 * @param otherProjects names of projects elsewhere; only asked for where a directory needs a name
 */
export async function inferProjects(
  files: readonly string[],
  options: ResolvedOptions,
  projectFiles: ProjectFiles,
  otherProjects: () => Promise<ReadonlySet<string>>,
): Promise<InferredProject[]> {
  const byDirectory = new Map<string, FoundFile[]>();
  for (const file of files) {
    const found = asContainerFile(file);
    if (found) byDirectory.set(found.directory, [...(byDirectory.get(found.directory) ?? []), found]);
  }
  const nameless = [...byDirectory.keys()].filter((directory) => !projectFiles.at(directory));
  const names = nameless.length ? nameDirectories(nameless, await taken()) : new Map<string, string>();
  return [...byDirectory]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([root, found]) => {
      const name = names.get(root) ?? projectFiles.at(root)?.name ?? defaultName(root);
      const images = distinguish(found).map(({ file, suffix }) => inferImage(file, suffix, root, name));
      return { root, name, images };
    });

  /** A directory must not take the name of an image either: `@acme/web` makes the image `web`. */
  async function taken(): Promise<ReadonlySet<string>> {
    const declared = [...byDirectory.keys()].flatMap((directory) => projectFiles.at(directory)?.name ?? []);
    return new Set([...(await otherProjects()), ...declared.map((name) => imageName(name))]);
  }

  function inferImage(file: FoundFile, suffix: string, root: string, project: string): WorkspaceImage {
    const targetName = suffix ? `${options.buildTargetName}-${suffix}` : options.buildTargetName;
    const declared = projectFiles.at(root)?.targets[targetName]?.options ?? {};
    const inferred: BuildOptions = {
      containerfile: file.file,
      ...inferredOptions(options),
    };
    // What the project says goes before what is inferred, as when Nx merges the two.
    const merged: BuildOptions = { ...inferred, ...declared };
    return {
      project,
      projectRoot: root,
      targetName,
      name: merged.image ?? imageName(project, file.suffix),
      options: merged,
    };
  }
}

/**
 * Two files with one suffix get targets of their own, so that no file is passed over in silence. They claim the same
 * image, and building either says so.
 */
function distinguish(files: readonly FoundFile[]): { file: FoundFile; suffix: string }[] {
  const taken = new Set<string>();
  return [...files]
    .sort((a, b) => (a.file < b.file ? -1 : 1))
    .map((file) => {
      let { suffix } = file;
      if (taken.has(suffix))
        suffix = [
          suffix,
          posix
            .basename(file.file)
            .toLowerCase()
            .replace(/[^a-z0-9]+/g, '-'),
        ]
          .filter(Boolean)
          .join('-');
      taken.add(suffix);
      return { file, suffix };
    });
}

function defaultName(root: string): string {
  return root === '.' ? 'workspace' : posix.basename(root);
}

/** What the plugin's options say of every build. */
export function inferredOptions({ context, platforms, builder }: ResolvedOptions): Partial<BuildOptions> {
  return { ...(context && { context }), ...(platforms && { platforms }), ...(builder && { builder }) };
}

/** Runs what may fail for a user's mistake: the graph is made all the same, and the build reports it. */
export function orElse<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof GitopsError) return otherwise;
    throw error;
  }
}
