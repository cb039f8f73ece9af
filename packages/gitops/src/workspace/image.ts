import { posix } from 'node:path';
import type { BuildOptions } from './build-options';
import { asContainerFile } from './container-files';
import { repositoryPath, type Settings } from './settings';

/** An image of the workspace: a target that builds one. */
export interface WorkspaceImage {
  /** The Nx project's name. */
  readonly project: string;
  /** Relative to the workspace; `.` for the root. */
  readonly projectRoot: string;
  /** The name of the target that builds it. */
  readonly targetName: string;
  /** The last part of the reference name. */
  readonly name: string;
  readonly options: BuildOptions;
}

/** `@acme/api` → `api`; with a suffix `api-worker`. */
export function imageName(projectName: string, suffix = ''): string {
  const name = repositoryPath(
    projectName.startsWith('@') ? projectName.slice(projectName.indexOf('/') + 1) : projectName,
  );
  return suffix ? `${name}-${suffix}` : name;
}

/** `acme/shop/api`. */
export function referenceName(
  image: Pick<WorkspaceImage, 'name'>,
  settings: Pick<Settings, 'project'>,
): string {
  return `${settings.project}/${image.name}`;
}

/** Where the image goes, relative to the workspace. */
export function outputPath({
  projectRoot,
  options,
}: Pick<WorkspaceImage, 'projectRoot' | 'options'>): string {
  if (options.outputPath !== undefined) return options.outputPath;
  const suffix = asContainerFile(options.containerfile)?.suffix;
  return posix.join('dist', projectRoot, suffix ? `image-${suffix}` : 'image');
}

/** Where the image goes when it has a version, relative to the workspace. */
export function labelledPath(image: Pick<WorkspaceImage, 'projectRoot' | 'options'>): string {
  const output = outputPath(image);
  return posix.join(posix.dirname(output), `labelled-${posix.basename(output)}`);
}

/** The directory that COPY takes from, relative to the workspace. */
export function contextRoot(image: Pick<WorkspaceImage, 'projectRoot' | 'options'>): string {
  return image.options.context === 'workspace' ? '.' : image.projectRoot;
}
