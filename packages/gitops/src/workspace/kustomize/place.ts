import { posix } from 'node:path';
import { GitopsError } from '../../support/errors';
import type { SettingsEditor } from '../settings-editor';
import { FILES, type Which } from '../settings-files';
import { namesOf, whereIs } from '../site-edits';
import { type ReadFile, kustomizationIn } from './kustomization';

/** Where environments are, if there is none yet. */
export const PARENT = 'deploy/environments';
/** Beside them: where the personal ones are. */
export const LOCAL = 'local';

/**
 * The directory of an environment, as its file has it: that of the one at hand, else one beside those of the others.
 * @param which the file that the environment is in, or goes to
 * @param wanted a directory that is asked for; it goes before
 */
export function directoryFor(settings: SettingsEditor, name: string, which: Which, wanted?: string): string {
  const there = whereIs(settings, 'environments', name) === which ? entryOf(settings, name) : undefined;
  if (wanted !== undefined)
    return there !== undefined && plain(there) === plain(wanted) ? there : plain(wanted);
  if (there !== undefined) return there;
  const [first] = Object.values(settings.files.shared.environments ?? {});
  const parent = first === undefined ? PARENT : posix.dirname(first);
  return posix.join(parent, which === 'personal' ? LOCAL : '', name);
}

/** What is kept out of git for a personal environment: the directory of all such, where it is in one. */
export function personalDirectory(directory: string): string {
  const parent = posix.dirname(directory);
  return posix.basename(parent) === LOCAL ? parent : directory;
}

/**
 * The directory of the environment that another one is made from.
 * @param name the environment that is made
 * @param which its file: what is personal is not there for others
 * @throws GitopsError where there is no such environment
 */
export function sourceOf(settings: SettingsEditor, from: string, name: string, which: Which): string {
  const known = namesOf(settings, 'environments').filter(
    (other) => other !== name && (which === 'personal' || whereIs(settings, 'environments', other) === which),
  );
  if (known.includes(from)) return plain(entryOf(settings, from));
  const files = which === 'shared' ? FILES.shared : `${FILES.shared} and ${FILES.personal}`;
  throw new GitopsError(
    `there is no other environment ${from} in ${files}`,
    undefined,
    known.length > 0 ? `use one of ${known.join(', ')}` : 'leave --from out',
  );
}

/** @throws GitopsError where a directory cannot be removed, as an environment that there is needs it */
export function checkUnused(settings: SettingsEditor, directory: string, read: ReadFile): void {
  if (directory === '.')
    throw new GitopsError('the directory is the workspace', undefined, 'leave --force out');
  for (const name of namesOf(settings, 'environments')) {
    const other = plain(entryOf(settings, name));
    const resources = kustomizationIn(other, read)?.resources ?? [];
    const needed = [other, ...resources.map((path) => posix.join(other, path))];
    if (needed.some((path) => path === directory || path.startsWith(`${directory}/`)))
      throw new GitopsError(
        `${directory} is needed by the environment ${name}`,
        undefined,
        'leave --force out',
      );
  }
}

/** A directory without what makes no difference: `./a/b/` → `a/b`. */
export function plain(directory: string): string {
  return posix.normalize(directory).replace(/(?<=.)\/$/, '');
}

/** The directory of an environment that there is, as its file has it. */
export function entryOf(settings: SettingsEditor, name: string): string {
  return settings.files[whereIs(settings, 'environments', name)!].environments![name]!;
}
