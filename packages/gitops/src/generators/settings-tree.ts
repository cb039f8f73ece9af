import type { Tree } from '@nx/devkit';
import { posix } from 'node:path';
import type { Files } from '../workspace/image-ignores';
import { defaultSettings } from '../workspace/settings';
import { SettingsEditor } from '../workspace/settings-editor';
import { FILES, type Which, decodeSettings } from '../workspace/settings-files';
import { ignoreInGit } from './git-ignored';

/**
 * The files with the settings, to be edited.
 * @throws GitopsError with file, line and column, where one is not as it should be
 */
export function openSettings(tree: Tree): SettingsEditor {
  const text = (which: Which): string | undefined => decodeSettings(tree.read(FILES[which]), which);
  const texts = { shared: text('shared'), personal: text('personal') };
  return new SettingsEditor(texts, defaultSettings(tree.root).rings);
}

/**
 * Writes the files whose text is another one than in the tree. What is personal is kept out of git.
 * @param ignored paths that are personal too
 */
export function writeSettings(tree: Tree, { texts }: SettingsEditor, ignored: readonly string[] = []): void {
  const files = new Map(
    (Object.keys(texts) as Which[])
      .filter((which) => texts[which] !== decodeSettings(tree.read(FILES[which]), which))
      .map((which) => [FILES[which] as string, texts[which]!]),
  );
  const paths = [...(files.has(FILES.personal) ? [FILES.personal] : []), ...ignored];
  ignoreInGit(tree, Object.fromEntries(paths.map((path) => [path, path.replace(/\/$/, '')])));
  writeChanged(tree, files);
}

/** Writes the files whose text is another one than in the tree. */
export function writeChanged(tree: Tree, files: ReadonlyMap<string, string>): void {
  const { read } = filesOf(tree);
  for (const [path, text] of files) if (text !== read(path)) tree.write(path, text);
}

export function filesOf(tree: Tree): Files {
  return {
    read: (path) => (tree.isFile(path) ? (tree.read(path, 'utf8') ?? undefined) : undefined),
    list: (directory) => tree.children(directory),
  };
}

/** The paths of all YAML files below a directory. */
export function yamlBelow(tree: Tree, directory: string): string[] {
  if (!tree.exists(directory)) return [];
  return tree.children(directory).flatMap((name) => {
    const path = posix.join(directory, name);
    if (!tree.isFile(path)) return yamlBelow(tree, path);
    return /\.ya?ml$/.test(name) ? [path] : [];
  });
}

/** Nx makes numbers of what looks like one. */
export type Text = string | number;

export function textOf(value: Text | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
