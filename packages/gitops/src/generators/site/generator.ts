import { type Tree, logger } from '@nx/devkit';
import { GitopsError } from '../../support/errors';
import type { Site } from '../../workspace/settings';
import type { SettingsEditor } from '../../workspace/settings-editor';
import { FILES, type Which } from '../../workspace/settings-files';
import { namesOf, removeSite, renameSite, setSite, whereIs } from '../../workspace/site-edits';
import { ask } from '../ask';
import { checkTogether } from '../check-options';
import { type Text, openSettings, textOf, writeSettings } from '../settings-tree';

/** The options of the generator `site`; each is documented in its schema. */
export interface SiteOptions {
  readonly name: Text;
  readonly environment?: Text;
  readonly ring?: Text;
  readonly context?: Text;
  readonly namespace?: Text;
  readonly pullSecret?: Text;
  readonly personal?: boolean;
  readonly rename?: Text;
  readonly remove?: boolean;
}

/**
 * Adds a site to gitops.yaml or gitops.local.yaml, changes one, removes it or gives it another name.
 * @throws GitopsError that says what is wrong; then no file is touched
 */
export default async function siteGenerator(tree: Tree, options: SiteOptions): Promise<void> {
  const { name: given, remove, rename, ...others } = options;
  checkTogether({ remove, rename }, others);
  const settings = openSettings(tree);
  const name = String(given);
  const where = whereIs(settings, 'sites', name);
  if (remove) {
    if (where) writeSettings(tree, removeSite(settings, name));
    return logger.info(`there is no site ${name}${where ? ' now' : ''}`);
  }
  if (rename !== undefined) {
    const to = String(rename);
    const isDone = !where && whereIs(settings, 'sites', to);
    if (!isDone) writeSettings(tree, renameSite(settings, name, to));
    return logger.info(`the site ${to} is there`);
  }
  const site = await siteOf(settings, options, where !== undefined);
  const which = where && !options.personal ? where : fileFor(settings, site, options);
  const after = setSite(settings, name, site, which);
  writeSettings(tree, after);
  const { environment, ring } = after.files[which].sites![name]!;
  logger.info(
    `the site ${name} of ${FILES[which]} is in the environment ${environment}, with the ring ${ring}`,
  );
}

/** The keys that are given; of a new site, environment and ring are asked for. */
async function siteOf(
  settings: SettingsEditor,
  options: SiteOptions,
  isThere: boolean,
): Promise<Partial<Site>> {
  const known = { environment: namesOf(settings, 'environments'), ring: ['ante', ...settings.files.rings] };
  const chosen = async (key: 'environment' | 'ring'): Promise<Partial<Site>> => {
    const given = textOf(options[key]) ?? (isThere ? undefined : await choose(key, known[key]));
    if (given === undefined) return {};
    if (known[key].includes(given)) return { [key]: given };
    throw new GitopsError(`there is no ${key} ${given}`, undefined, remedyFor(key, known[key], 'use'));
  };
  const others = (['context', 'namespace', 'pullSecret'] as const).flatMap((key) => {
    const value = textOf(options[key]);
    return value === undefined ? [] : [[key, value]];
  });
  return {
    ...(await chosen('environment')),
    ...(await chosen('ring')),
    ...(Object.fromEntries(others) as Partial<Site>),
  };
}

async function choose(key: 'environment' | 'ring', known: readonly string[]): Promise<string> {
  const answer = known.length > 0 ? await ask(`Which ${key}?`, known) : undefined;
  if (answer !== undefined) return answer;
  throw new GitopsError(`a new site has to have --${key}`, undefined, remedyFor(key, known, 'give'));
}

function remedyFor(key: string, known: readonly string[], verb: string): string {
  return known.length > 0
    ? `${verb} one of ${known.join(', ')}`
    : `make one first: nx g gitops:${key} <name>`;
}

function fileFor(
  settings: SettingsEditor,
  { environment = '' }: Partial<Site>,
  { personal }: SiteOptions,
): Which {
  return personal || whereIs(settings, 'environments', environment) === 'personal' ? 'personal' : 'shared';
}
