import { type NxJsonConfiguration, type Tree, readNxJson } from '@nx/devkit';
import type { PluginOptions } from '../plugin/options';
import { GitopsError } from '../support/errors';

/** The package's name: what nx.json calls the plugin. */
export const PLUGIN = 'gitops';

const SYNC = 'gitops:sync';

type Entry = NonNullable<NxJsonConfiguration['plugins']>[number];

/** Whether nx.json has the plugin, for the whole workspace or a part of it. */
export function hasPlugin({ plugins = [] }: NxJsonConfiguration): boolean {
  return plugins.some(isOurs);
}

/**
 * What nx.json says.
 * @throws GitopsError where it does not have the plugin: what is generated would be nobody's
 */
export function readExtendedNxJson(tree: Tree): NxJsonConfiguration {
  const nxJson = readNxJson(tree) ?? {};
  if (hasPlugin(nxJson)) return nxJson;
  throw new GitopsError('nx.json does not have the plugin gitops', undefined, 'run npx nx g gitops:init');
}

/** The plugin's options in nx.json; of several entries, those of the first. */
export function pluginOptions({ plugins = [] }: NxJsonConfiguration): PluginOptions {
  const entry = plugins.find(isOurs);
  return (typeof entry === 'object' ? (entry.options as PluginOptions | undefined) : undefined) ?? {};
}

/** nx.json with the plugin, and with the generator that `nx sync` runs; each is there once. */
export function withPlugin(nxJson: NxJsonConfiguration): NxJsonConfiguration {
  const { plugins = [], sync } = nxJson;
  const generators = sync?.globalGenerators ?? [];
  return {
    ...nxJson,
    plugins: hasPlugin(nxJson) ? plugins : [...plugins, PLUGIN],
    sync: {
      ...sync,
      globalGenerators: generators.includes(SYNC) ? generators : [...generators, SYNC],
    },
  };
}

/** nx.json with more options of the plugin, in each of its entries. */
export function withPluginOptions(nxJson: NxJsonConfiguration, options: PluginOptions): NxJsonConfiguration {
  const extended = (entry: Entry): Entry => {
    if (!isOurs(entry)) return entry;
    const before = typeof entry === 'string' ? { plugin: entry } : entry;
    return { ...before, options: { ...(before.options as PluginOptions | undefined), ...options } };
  };
  return { ...nxJson, plugins: nxJson.plugins?.map(extended) };
}

function isOurs(entry: Entry): boolean {
  return (typeof entry === 'string' ? entry : entry.plugin) === PLUGIN;
}
