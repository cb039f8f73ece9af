import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type {
  CreateDependencies,
  CreateNodes,
  CreateNodesResult,
  DependencyType,
  ProjectConfiguration,
  RawProjectGraphDependency,
  TargetConfiguration,
} from '@nx/devkit';
import { phase, reportPhases } from '../support/phases';
import { fixedPart } from '../workspace/inputs';
import { CONTAINER_FILES } from '../workspace/container-files';
import { collectImages } from '../workspace/collect';
import { GitIgnore } from '../workspace/gitignore';
import { type WorkspaceImage, contextRoot } from '../workspace/image';
import { readBaseLock } from '../workspace/base-lock';
import { keepParsed } from '../workspace/parsed';
import { defaultSettings, readSettings } from '../workspace/settings';
import { Workspace } from '../workspace/workspace';
import { buildTarget } from './build-target';
import { imageTargets, storeTargets } from './image-targets';
import { type InferredProject, inferProjects, orElse } from './infer';
import { cacheDirectory } from './nx-internals';
import { type PluginOptions, resolveOptions } from './options';
import { ProjectFiles } from './project-files';
import { siteTargets } from './site-targets';

export type { PluginOptions } from './options';

export const name = 'gitops';

/** Loading all of @nx/devkit for this one word would take longer than to make a small graph. */
const STATIC = 'static' as DependencyType.static;

/** A project for each directory with container files; a target for each of these. */
export const createNodes: CreateNodes<PluginOptions> = [
  CONTAINER_FILES,
  async (files, given, { workspaceRoot }) => {
    const options = resolveOptions(given);
    const projectFiles = new ProjectFiles(workspaceRoot);
    const projects = await phase('find projects', () =>
      inferProjects(files, options, projectFiles, () => projectFiles.names()),
    );
    const workspace = phase('read gitops.yaml', () =>
      openWorkspace(
        workspaceRoot,
        projects.flatMap(({ images }) => images),
      ),
    );
    const gitIgnore = new GitIgnore((path) => readIfThere(join(workspaceRoot, path)));
    const surroundings = { workspace, options, projectFiles, gitIgnore };
    const store = storeTargets(options);
    const nodes = phase('make targets', () =>
      projects.map((project, i): [string, CreateNodesResult] => [
        project.images[0]!.options.containerfile,
        { projects: { ...(i === 0 ? rootProject() : {}), [project.root]: configuration(project) } },
      ]),
    );
    reportPhases(`the projects of ${projects.length} directories`);
    return nodes;

    /** What concerns all images is a target of the workspace's root project, be that an image or not. */
    function rootProject(): Record<string, Omit<ProjectConfiguration, 'root'>> {
      if (projects.some(({ root }) => root === '.')) return {};
      return { '.': { name: projectFiles.at('.')?.name ?? 'workspace', targets: store } };
    }

    function configuration({
      name: projectName,
      root,
      images,
    }: InferredProject): Omit<ProjectConfiguration, 'root'> {
      const targets: Record<string, TargetConfiguration> = {};
      for (const image of images) {
        const { target, sources } = buildTarget(image, surroundings);
        targets[image.targetName] = target;
        Object.assign(targets, imageTargets(image, sources, surroundings));
        if (image.name === workspace.settings.root)
          Object.assign(targets, siteTargets(image, workspace.settings, options));
      }
      return {
        ...(projectFiles.at(root)?.name === undefined ? { name: projectName } : {}),
        targets: root === '.' ? { ...targets, ...store } : targets,
        metadata: { technologies: ['container'] },
      };
    }
  },
];

/** An edge for each image that another one needs, and for each source of COPY that lies in another project. */
export const createDependencies: CreateDependencies<PluginOptions> = (
  _options,
  { projects, workspaceRoot },
) => {
  const workspace = phase('read gitops.yaml', () => openWorkspace(workspaceRoot, collectImages(projects)));
  const roots = new Map(Object.entries(projects).map(([project, { root }]) => [root, project]));
  const edges = phase('find dependencies', () =>
    workspace.images.flatMap((image) => {
      const targets = new Set([
        ...neededProjects(workspace, image),
        ...sourceProjects(workspace, image, roots),
      ]);
      targets.delete(image.project);
      return [...targets].map((target): RawProjectGraphDependency => ({
        source: image.project,
        target,
        type: STATIC,
        sourceFile: image.options.containerfile,
      }));
    }),
  );
  reportPhases(`the dependencies of ${workspace.images.length} images`);
  return edges;
};

function neededProjects(workspace: Workspace, image: WorkspaceImage): string[] {
  return orElse(() => workspace.dependencies(image), []).map((dependency) => dependency.image.project);
}

function sourceProjects(
  workspace: Workspace,
  image: WorkspaceImage,
  roots: ReadonlyMap<string, string>,
): string[] {
  const sources = orElse(() => workspace.analysis(image).sources, []);
  const context = contextRoot(image);
  return sources.flatMap((source) => {
    for (
      let path = posix.join(context, fixedPart(source));
      path !== '.' && path !== '/';
      path = posix.dirname(path)
    ) {
      const project = roots.get(path);
      if (project !== undefined) return [project];
    }
    return [];
  });
}

/** A mistake in gitops.yaml does not take the project graph away: each build reports it. */
function openWorkspace(root: string, images: readonly WorkspaceImage[]): Workspace {
  const parsed = keepParsed(cacheDirectory());
  const settings = orElse(() => readSettings(root, parsed), defaultSettings(root));
  return new Workspace(root, settings, images, () => readBaseLock(root, parsed));
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
