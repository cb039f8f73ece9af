import type { YAMLSeq } from 'yaml';
import { GitopsError } from '../support/errors';
import { SETTINGS_FILE, type Settings } from './settings';
import { SettingsDocument } from './settings-document';
import { HEADER } from './settings-header';
import { type SettingsFile, checkReferences, checkSchema, ringName } from './settings-schema';

/** What a new gitops.yaml may say from the start. */
export type FirstSettings = Partial<Pick<Settings, 'project' | 'vendor' | 'store' | 'rings'>>;

/**
 * The text of a new gitops.yaml.
 * @throws GitopsError for what the file may not say; it names no line, for there is no file yet
 */
export function freshSettings(settings: FirstSettings): string {
  const yaml = require('yaml') as typeof import('yaml');
  const { project, vendor, store, rings } = settings;
  const document = new yaml.Document({ project, vendor, store, rings });
  const list = document.get('rings') as YAMLSeq | undefined;
  if (list) list.flow = true;
  const text = HEADER + document.toString({ lineWidth: 0, flowCollectionPadding: false });
  try {
    readFile(text, []);
  } catch (error) {
    if (!(error instanceof GitopsError)) throw error;
    throw new GitopsError(error.what, undefined, error.remedy);
  }
  return text;
}

/**
 * Holds what is wanted against the gitops.yaml that there is.
 * @param defaults what holds where the file is silent
 * @throws GitopsError where the file says something else, or is not as it should be
 */
export function checkSettings(text: string, wanted: FirstSettings, defaults: Settings): void {
  const file = readFile(text, defaults.rings);
  const said: FirstSettings = { ...defaults, ...file, rings: file.rings?.map(ringName) ?? defaults.rings };
  for (const key of ['project', 'vendor', 'store', 'rings'] as const) {
    if (wanted[key] === undefined || String(wanted[key]) === String(said[key])) continue;
    throw new GitopsError(
      said[key] === undefined ? `it has no ${key}` : `it has ${key}: ${shown(said[key])} already`,
      { file: SETTINGS_FILE },
      `edit the file, or leave --${key} out`,
    );
  }
}

function readFile(text: string, rings: readonly string[]): SettingsFile {
  const document = new SettingsDocument(text, SETTINGS_FILE);
  const file = checkSchema(document);
  checkReferences(file, file.rings?.map(ringName) ?? rings, document);
  return file;
}

function shown(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : value.join(', ');
}
