import { GitopsError } from '../support/errors';
import type { SettingsEditor } from './settings-editor';
import type { Ring } from './settings-schema';
import type { Edit } from './yaml-edits';

/** Where a ring comes; after all others where neither is given. */
export interface RingPlace {
  readonly before?: string;
  readonly after?: string;
}

/**
 * @returns the settings with one more ring; the same ones where it is there already, as it is wanted
 * @throws GitopsError where it is there, and elsewhere or with another description
 */
export function addRing(
  settings: SettingsEditor,
  name: string,
  place: RingPlace = {},
  description?: string,
): SettingsEditor {
  const { shared, rings } = settings.files;
  if (rings.includes(name)) return checkSame(settings, name, place, description);
  const at = indexFor(settings, place);
  const ring = description === undefined ? name : { name, description };
  const edit: Edit = shared.rings
    ? { op: 'insert', path: ['rings', at], value: ring }
    : { op: 'set', path: ['rings'], value: [...rings.slice(0, at), ring, ...rings.slice(at)] };
  return settings.edited({ shared: [edit] });
}

/** @returns the settings without a ring */
export function removeRing(settings: SettingsEditor, name: string): SettingsEditor {
  const { shared, personal, rings } = settings.files;
  const at = indexOf(settings, name);
  if (rings.length === 1) throw mistake(`${name} is the only ring`, 'add another one first');
  const sites = Object.entries({ ...shared.sites, ...personal.sites }).filter(
    ([, { ring }]) => ring === name,
  );
  if (sites.length > 0)
    throw mistake(
      `the ring ${name} is that of ${sites.map(([site]) => site).join(', ')}`,
      'give these sites another ring first',
    );
  if (listed(settings).some((ring) => typeof ring === 'object' && ring.from === name))
    throw mistake(`another ring takes its versions from ${name}`, 'change its key from first');
  return settings.edited({ shared: [{ op: 'remove', path: ['rings', at] }] });
}

/** @returns the settings with another name for a ring, wherever it is named */
export function renameRing(settings: SettingsEditor, name: string, to: string): SettingsEditor {
  const { shared, personal, rings } = settings.files;
  const at = indexOf(settings, name);
  checkFree(settings, to);
  const own: Edit[] = shared.rings
    ? listed(settings).flatMap((ring, i): Edit[] => {
        if (typeof ring === 'string') return i === at ? [{ op: 'set', path: ['rings', i], value: to }] : [];
        return (['name', 'from'] as const)
          .filter((key) => ring[key] === name)
          .map((key) => ({ op: 'set', path: ['rings', i, key], value: to }));
      })
    : [{ op: 'set', path: ['rings'], value: rings.map((ring) => (ring === name ? to : ring)) }];
  const ofSites = (sites = {} as NonNullable<typeof shared.sites>): Edit[] =>
    Object.keys(sites)
      .filter((site) => sites[site]!.ring === name)
      .map((site) => ({ op: 'set', path: ['sites', site, 'ring'], value: to }));
  return settings.edited({ shared: [...own, ...ofSites(shared.sites)], personal: ofSites(personal.sites) });
}

function listed({ files }: SettingsEditor): readonly (string | Ring)[] {
  return files.shared.rings ?? files.rings;
}

function checkSame(
  settings: SettingsEditor,
  name: string,
  { before, after }: RingPlace,
  description: string | undefined,
): SettingsEditor {
  const at = indexOf(settings, name);
  const ring = listed(settings)[at]!;
  const isElsewhere =
    (before !== undefined && indexOf(settings, before) !== at + 1) ||
    (after !== undefined && indexOf(settings, after) !== at - 1);
  const isOther = description !== undefined && (typeof ring === 'string' || ring.description !== description);
  if (!isElsewhere && !isOther) return settings;
  const what = isElsewhere
    ? `the rings are ${settings.files.rings.join(', ')}`
    : 'its description is another one';
  throw mistake(`there is a ring ${name} already: ${what}`, 'name another one, or edit gitops.yaml');
}

function checkFree({ files }: SettingsEditor, name: string): void {
  if (files.rings.includes(name)) throw mistake(`there is a ring ${name} already`, 'name another one');
}

function indexOf({ files }: SettingsEditor, name: string): number {
  const at = files.rings.indexOf(name);
  if (at < 0) throw mistake(`there is no ring ${name}`, `use one of ${files.rings.join(', ')}`);
  return at;
}

function indexFor(settings: SettingsEditor, { before, after }: RingPlace): number {
  if (before !== undefined && after !== undefined)
    throw mistake('--before and --after do not go together', 'use one of them');
  if (before !== undefined) return indexOf(settings, before);
  return after === undefined ? settings.files.rings.length : indexOf(settings, after) + 1;
}

function mistake(what: string, remedy: string): GitopsError {
  return new GitopsError(what, undefined, remedy);
}
