import { GitopsError } from '../support/errors';
import type { Site } from './settings';
import type { SettingsEditor } from './settings-editor';
import { FILES, type Which } from './settings-files';
import type { Edit } from './yaml-edits';

/** The mappings of names that both files have. */
export type Kind = 'environments' | 'sites';

/** Directories beside the environments' own. */
const RESERVED = ['base', 'local'];

/** @returns the file that has the environment or site; undefined where none has it */
export function whereIs({ files }: SettingsEditor, kind: Kind, name: string): Which | undefined {
  return (['shared', 'personal'] as const).find((which) => Object.hasOwn(files[which][kind] ?? {}, name));
}

/** All names of a kind, of both files. */
export function namesOf({ files: { shared, personal } }: SettingsEditor, kind: Kind): string[] {
  return Object.keys({ ...shared[kind], ...personal[kind] });
}

/**
 * @param which the file that a new environment goes to
 * @returns the settings with the environment; the same ones where it is there already
 */
export function addEnvironment(
  settings: SettingsEditor,
  name: string,
  directory: string,
  which: Which,
): SettingsEditor {
  checkWhere(settings, 'environments', name, which);
  const there = settings.files[which].environments ?? {};
  checkNew('environments', name, there);
  if (Object.hasOwn(there, name) && there[name] !== directory)
    throw mistake(`there is an environment ${name} already, in ${there[name]}`, 'name another one');
  return settings.edited({ [which]: [{ op: 'set', path: ['environments', name], value: directory }] });
}

/** @returns the settings without an environment, which no site has */
export function removeEnvironment(settings: SettingsEditor, name: string): SettingsEditor {
  const sites = sitesIn(settings, name);
  if (sites.length > 0)
    throw mistake(
      `the environment ${name} is that of ${sites.map(({ site }) => site).join(', ')}`,
      'give these sites another environment first',
    );
  const which = existing(settings, 'environments', name);
  return settings.edited({ [which]: [{ op: 'remove', path: ['environments', name] }] });
}

/** @returns the settings with another name for an environment, wherever it is named */
export function renameEnvironment(settings: SettingsEditor, name: string, to: string): SettingsEditor {
  const renamed = {
    [existing(settings, 'environments', name)]: [renaming(settings, 'environments', name, to)],
  };
  const edits = (which: Which): Edit[] => [
    ...(renamed[which] ?? []),
    ...sitesIn(settings, name)
      .filter((site) => site.which === which)
      .map(({ site }): Edit => ({ op: 'set', path: ['sites', site, 'environment'], value: to })),
  ];
  return settings.edited({ shared: edits('shared'), personal: edits('personal') });
}

/**
 * @param site a new one has an environment and a ring; of one that is there, just these keys change
 * @param which the file that a new site goes to
 * @returns the settings with the site
 */
export function setSite(
  settings: SettingsEditor,
  name: string,
  site: Partial<Site>,
  which: Which,
): SettingsEditor {
  checkWhere(settings, 'sites', name, which);
  const there = settings.files[which].sites ?? {};
  checkNew('sites', name, there);
  const edits: Edit[] = Object.hasOwn(there, name)
    ? Object.entries(site).map(([key, value]) => ({ op: 'set', path: ['sites', name, key], value }))
    : [{ op: 'set', path: ['sites', name], value: site }];
  return settings.edited({ [which]: edits });
}

/** @returns the settings without a site */
export function removeSite(settings: SettingsEditor, name: string): SettingsEditor {
  return settings.edited({
    [existing(settings, 'sites', name)]: [{ op: 'remove', path: ['sites', name] }],
  });
}

/** @returns the settings with another name for a site */
export function renameSite(settings: SettingsEditor, name: string, to: string): SettingsEditor {
  return settings.edited({ [existing(settings, 'sites', name)]: [renaming(settings, 'sites', name, to)] });
}

function renaming(settings: SettingsEditor, kind: Kind, name: string, to: string): Edit {
  const which = whereIs(settings, kind, to);
  if (which) throw mistake(`${FILES[which]} has ${articled(kind)} ${to} already`, 'name another one');
  checkNew(kind, to, {});
  return { op: 'rename', path: [kind, name], value: to };
}

function sitesIn({ files }: SettingsEditor, environment: string): { site: string; which: Which }[] {
  return (['shared', 'personal'] as const).flatMap((which) =>
    Object.entries(files[which].sites ?? {})
      .filter(([, site]) => site.environment === environment)
      .map(([site]) => ({ site, which })),
  );
}

/** A new name is one that Kubernetes takes for whatever belongs to the environment or site. */
function checkNew(kind: Kind, name: string, there: object): void {
  if (Object.hasOwn(there, name)) return;
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    throw mistake(
      `${articled(kind)} cannot be called ${JSON.stringify(name)}`,
      'use lower-case letters and digits, with - inside, at most 63 of them',
    );
  if (kind === 'environments' && RESERVED.includes(name))
    throw mistake(
      `an environment cannot be called ${name}, which is a directory beside them`,
      'name another one',
    );
}

function checkWhere(settings: SettingsEditor, kind: Kind, name: string, which: Which): void {
  const there = whereIs(settings, kind, name) ?? which;
  if (there !== which)
    throw mistake(`there is ${articled(kind)} ${name} already, in ${FILES[there]}`, 'name another one');
}

function existing(settings: SettingsEditor, kind: Kind, name: string): Which {
  const which = whereIs(settings, kind, name);
  if (which) return which;
  const known = namesOf(settings, kind);
  throw mistake(
    `there is no ${kind.slice(0, -1)} ${name}`,
    known.length > 0 ? `use one of ${known.join(', ')}` : 'add it first',
  );
}

function articled(kind: Kind): string {
  return kind === 'sites' ? 'a site' : 'an environment';
}

function mistake(what: string, remedy: string): GitopsError {
  return new GitopsError(what, undefined, remedy);
}
