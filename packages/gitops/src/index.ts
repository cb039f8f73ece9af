export { createDependencies, createNodes, name } from './plugin';
export type { PluginOptions } from './plugin';
