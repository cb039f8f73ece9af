/** What nx.json may say of this plugin: `{"plugin": "gitops", "options": {…}}`. */
export interface PluginOptions {
  /** The name of the target that builds an image; `image-build` by default. */
  buildTargetName?: string;
  /** The name of the target that gives an image its version; `image-label` by default. */
  labelTargetName?: string;
  /** The name of the target that publishes an image; `image-push` by default. */
  pushTargetName?: string;
  /** The name of the target that moves an image from ring to ring; `image-promote` by default. */
  promoteTargetName?: string;
  /** The name of the target that loads an image into the local engine; `image-load` by default. */
  loadTargetName?: string;
  /** The name of the target, on the workspace's root project, that shows the rings; `rings` by default. */
  ringsTargetName?: string;
  /** The name of the target, on the root project, that looks after the state store; `store-doctor` by default. */
  doctorTargetName?: string;
  /** The name of the target, on the root project, that makes room in the state store; `store-prune` by default. */
  pruneTargetName?: string;
  /** The name of the target, on the root image, that brings a release to a site; `site-deploy` by default. */
  siteDeployTargetName?: string;
  /** The name of the target, on the root image, that compares a release with a site; `site-diff` by default. */
  siteDiffTargetName?: string;
  /** The name of the target, on the root image, that shows what a site would run; `site-render` by default. */
  siteRenderTargetName?: string;
  /** What COPY takes from: the project's directory, or the workspace's. A target's own option goes before it. */
  context?: 'project' | 'workspace';
  /** Who builds: `auto` by default. A target's own option goes before it. */
  builder?: 'auto' | 'assemble' | 'docker';
  /** Platforms to build for; `["linux/amd64"]` by default. A target's own option goes before it. */
  platforms?: string[];
  /**
   * Targets of a project that make files which git ignores and an image takes, such as `dist`; `["build"]` by
   * default. An image that takes such files is built after them.
   */
  sourceTargets?: string[];
}

export type ResolvedOptions = Required<
  Pick<
    PluginOptions,
    | 'buildTargetName'
    | 'labelTargetName'
    | 'pushTargetName'
    | 'promoteTargetName'
    | 'loadTargetName'
    | 'ringsTargetName'
    | 'doctorTargetName'
    | 'pruneTargetName'
    | 'siteDeployTargetName'
    | 'siteDiffTargetName'
    | 'siteRenderTargetName'
    | 'sourceTargets'
  >
> &
  PluginOptions;

export function resolveOptions(options: PluginOptions = {}): ResolvedOptions {
  return {
    ...options,
    buildTargetName: options.buildTargetName ?? 'image-build',
    labelTargetName: options.labelTargetName ?? 'image-label',
    pushTargetName: options.pushTargetName ?? 'image-push',
    promoteTargetName: options.promoteTargetName ?? 'image-promote',
    loadTargetName: options.loadTargetName ?? 'image-load',
    ringsTargetName: options.ringsTargetName ?? 'rings',
    doctorTargetName: options.doctorTargetName ?? 'store-doctor',
    pruneTargetName: options.pruneTargetName ?? 'store-prune',
    siteDeployTargetName: options.siteDeployTargetName ?? 'site-deploy',
    siteDiffTargetName: options.siteDiffTargetName ?? 'site-diff',
    siteRenderTargetName: options.siteRenderTargetName ?? 'site-render',
    sourceTargets: options.sourceTargets ?? ['build'],
  };
}
