import type { BuildOptions } from '../../src/workspace/build-options';
import type { WorkspaceImage } from '../../src/workspace/image';
import type { Settings } from '../../src/workspace/settings';
import { Workspace } from '../../src/workspace/workspace';
import { writeFiles } from '../support/files';

export const SETTINGS: Settings = {
  project: 'acme/shop',
  store: 'oci:.gitops/store',
  rings: ['developers', 'testers', 'users'],
  environments: {},
  sites: {},
  initialVersion: '0.1.0',
};

/** The image of a project that is called as its directory. */
export function imageOf(name: string, options: Partial<BuildOptions> = {}): WorkspaceImage {
  return {
    name,
    project: name,
    projectRoot: name,
    targetName: 'image-build',
    options: { containerfile: `${name}/Containerfile`, ...options },
  };
}

/** A workspace of images by name, each with its container file. */
export function workspaceOf(
  directory: string,
  containerfiles: Readonly<Record<string, string>>,
  settings: Partial<Settings> = {},
): Workspace {
  const images = Object.keys(containerfiles).map((name) => imageOf(name));
  const files = images.map(({ name, options }) => [options.containerfile, containerfiles[name]!]);
  writeFiles(directory, Object.fromEntries(files) as Record<string, string>);
  return new Workspace(directory, { ...SETTINGS, ...settings }, images);
}

export function named(workspace: Workspace, name: string): WorkspaceImage {
  const image = workspace.images.find((one) => one.name === name);
  if (!image) throw new Error(`there is no image ${name}`);
  return image;
}
