import type { Tree } from '@nx/devkit';
import { posix } from 'node:path';
import { closest } from '../../containerfile/text';
import { repositoryName } from '../../oci/names';
import { ProjectFiles } from '../../plugin/project-files';
import { GitopsError } from '../../support/errors';
import { collectImages } from '../../workspace/collect';
import { asContainerFile } from '../../workspace/container-files';
import { imageName, referenceName } from '../../workspace/image';
import type { Settings } from '../../workspace/settings';
import type { Projects } from '../projects';

/** Where a container file goes, and what that makes of it. */
export interface Place {
  /** The name of the project, which may be a new one. */
  readonly project: string;
  /** Relative to the workspace. */
  readonly root: string;
  /** The container file: the one that is there, or a new one. */
  readonly file: string;
  readonly suffix: string;
  /** The image's whole name: `acme/shop/api`. */
  readonly reference: string;
}

export interface Wanted {
  readonly project?: string;
  readonly directory?: string;
  /** The suffix of a second container file. */
  readonly name?: string;
}

/**
 * Finds the place of a container file.
 * @throws GitopsError for a project that there is not, and for a name that no image can have, or that is taken
 */
export function findPlace(tree: Tree, wanted: Wanted, projects: Projects, settings: Settings): Place {
  const { project, root } = findProject(tree, wanted, projects);
  const suffix = wanted.name ?? '';
  const fresh = posix.join(root, suffix ? `Containerfile.${suffix}` : 'Containerfile');
  if (asContainerFile(fresh)?.suffix !== suffix)
    throw new GitopsError(
      `${fresh} is not what a container file can be called here`,
      undefined,
      'use lower-case letters, digits and single dashes in --name, as in worker',
    );
  const found = tree.exists(root) ? tree.children(root).map((name) => posix.join(root, name)) : [];
  const file = found.find((path) => asContainerFile(path)?.suffix === suffix && tree.isFile(path)) ?? fresh;
  const image = imageName(project, suffix);
  const claimant = collectImages(projects).find(
    ({ name, options }) => name === image && options.containerfile !== file,
  );
  if (claimant)
    throw new GitopsError(
      `the image name ${image} is that of ${claimant.options.containerfile} (project ${claimant.project}) already`,
      undefined,
      'choose another name',
    );
  return { project, root, file, suffix, reference: repositoryName(referenceName({ name: image }, settings)) };
}

function findProject(
  tree: Tree,
  { project, directory }: Wanted,
  projects: Projects,
): { project: string; root: string } {
  if ((project === undefined) === (directory === undefined))
    throw new GitopsError(
      project === undefined
        ? 'neither a project nor a directory is named'
        : 'a project and --directory do not go together',
      undefined,
      'name a project, or with --directory a directory that becomes one',
    );
  if (directory !== undefined) return inDirectory(tree, directory, projects);
  const found = projects[project!];
  if (found) return { project: project!, root: found.root };
  const near = closest(project!, Object.keys(projects));
  throw new GitopsError(
    `there is no project ${project}`,
    undefined,
    near === undefined
      ? 'correct the name, or use --directory for a directory that is to become one'
      : `did you mean ${near}?`,
  );
}

/** The project of a directory, or the one that it becomes by its container file. */
function inDirectory(tree: Tree, directory: string, projects: Projects): { project: string; root: string } {
  const root = posix.join(directory.replaceAll('\\', '/')).replace(/(?<=.)\/$/, '');
  if (posix.isAbsolute(root) || root.split('/')[0] === '..')
    throw new GitopsError(
      `the directory ${directory} is not in the workspace`,
      undefined,
      'name it as seen from the root of the workspace',
    );
  const there = Object.entries(projects).find(([, project]) => project.root === root);
  if (there) return { project: there[0], root };
  const named = new ProjectFiles(tree.root).at(root)?.name;
  const project = named ?? (root === '.' ? 'workspace' : repositoryName(posix.basename(root)));
  const taken = Object.entries(projects).find(([name]) => imageName(name) === imageName(project));
  if (!taken) return { project, root };
  throw new GitopsError(
    `${root} would be called ${project}, and so is the project in ${taken[1].root}`,
    undefined,
    'give the directory another name',
  );
}
