import type { Tree } from '@nx/devkit';
import { posix } from 'node:path';
import { repositoryName } from '../../oci/names';
import { ProjectFiles } from '../../plugin/project-files';
import { GitopsError, at } from '../../support/errors';
import { type Project, collectImages } from '../../workspace/collect';
import { imageName, referenceName } from '../../workspace/image';
import type { Settings } from '../../workspace/settings';

/** Where the root image is, or is to be. */
export interface Place {
  /** The name of its project. */
  readonly project: string;
  /** The name of the image. */
  readonly image: string;
  /** Relative to the workspace. */
  readonly directory: string;
}

/**
 * Finds the place of the root image: the one wanted, else that of the root image that there is.
 * @throws GitopsError for a place that it cannot have, or that is another one than gitops.yaml says
 */
export function findPlace(
  tree: Tree,
  wanted: { readonly directory?: string; readonly name?: string },
  projects: Readonly<Record<string, Project>>,
  settings: Settings,
): Place {
  const there = collectImages(projects).find(({ name }) => name === settings.root);
  const directory = insideWorkspace(wanted.directory ?? there?.projectRoot ?? 'deploy');
  const own =
    Object.keys(projects).find((name) => projects[name]!.root === directory) ??
    new ProjectFiles(tree.root).at(directory)?.name;
  const project = wanted.name ?? own ?? settings.root ?? 'root';
  const image = imageName(project);
  if (own !== undefined && project !== own)
    throw new GitopsError(
      `the project in ${directory} is called ${own}`,
      undefined,
      `leave out --name, or choose another --directory`,
    );
  if (settings.root !== undefined && settings.root !== image)
    throw new GitopsError(
      `the root image is ${settings.root} already, not ${image}`,
      { file: 'gitops.yaml' },
      `use --name=${settings.root}, or change root there`,
    );
  const other = Object.keys(projects).find((name) => name !== own && imageName(name) === image);
  if (other !== undefined)
    throw new GitopsError(
      `there is a project ${other} already, in ${projects[other]!.root}`,
      undefined,
      'choose another --name, or its directory with --directory',
    );
  at({ file: directory }, () => repositoryName(referenceName({ name: image }, settings)));
  return { project, image, directory };
}

function insideWorkspace(given: string): string {
  const directory = posix.join(given.replaceAll('\\', '/')).replace(/(?<=.)\/$/, '');
  if (directory !== '.' && !posix.isAbsolute(directory) && directory.split('/')[0] !== '..') return directory;
  throw new GitopsError(
    `the directory ${given} is not below the root of the workspace`,
    undefined,
    'name one as seen from there, such as deploy',
  );
}
