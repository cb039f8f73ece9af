import { isUtf8 } from 'node:buffer';
import { GitopsError } from '../support/errors';
import { SettingsDocument } from './settings-document';
import { HEADER, PERSONAL_HEADER } from './settings-header';
import {
  type PersonalFile,
  type SettingsFile,
  checkPersonal,
  checkPersonalSchema,
  checkReferences,
  checkSchema,
  ringName,
} from './settings-schema';

/** Where the settings are: those that all share, and those of one's own, which git ignores. */
export const FILES = { shared: 'gitops.yaml', personal: 'gitops.local.yaml' } as const;

/** What a new file starts with: editors then complete, explain and check it. */
export const HEADERS = { shared: HEADER, personal: PERSONAL_HEADER } as const;

export type Which = keyof typeof FILES;

/** The text of each file; undefined where there is none. */
export type SettingsTexts = { readonly [which in Which]?: string };

/** What each file says, checked, and the rings that hold: of the file, or by default. */
export interface SettingsFiles {
  readonly shared: SettingsFile;
  readonly personal: PersonalFile;
  readonly rings: readonly string[];
}

/**
 * @returns the text of a file with settings, without the byte order mark, which no editor counts as a column
 * @throws GitopsError where it is not UTF-8
 */
export function decodeSettings(bytes: Buffer | null | undefined, which: Which): string | undefined {
  if (!bytes) return undefined;
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  throw new GitopsError('it is not UTF-8', { file: FILES[which] }, 'save it as UTF-8');
}

/**
 * Reads and checks the files together: what is personal may refer to what is shared, not the other way round.
 * @param defaults the rings where no file lists any
 * @throws GitopsError with file, line and column, where one is not as it should be
 */
export function readFiles({ shared, personal }: SettingsTexts, defaults: readonly string[]): SettingsFiles {
  const document = shared === undefined ? undefined : new SettingsDocument(shared, FILES.shared);
  const file = document ? checkSchema(document) : {};
  const rings = file.rings?.map(ringName) ?? defaults;
  if (document) checkReferences(file, rings, document);
  if (personal === undefined) return { shared: file, personal: {}, rings };
  const own = new SettingsDocument(personal, FILES.personal);
  const added = checkPersonalSchema(own);
  checkPersonal(added, file, rings, own);
  return { shared: file, personal: added, rings };
}
