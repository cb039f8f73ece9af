import { posix } from 'node:path';
import { ignoreFileCandidates } from '../containerfile/ignore';
import { asContainerFile } from './container-files';

/** The files of a workspace, by paths relative to it. */
export interface Files {
  /** A text file; undefined where there is none. */
  read(path: string): string | undefined;
  /** The names of what is in a directory. */
  list(directory: string): readonly string[];
}

/**
 * Keeps a directory out of the images of the directories above it: a line in the ignore file of each container file
 * there, which is made where there is none, and in those of the workspace.
 * @returns the texts of the ignore files by their paths
 */
export function imageIgnoring(directory: string, files: Files): Map<string, string> {
  const changed = new Map<string, string>();
  const add = (file: string, line: string): void => {
    changed.set(file, withLine(changed.get(file) ?? files.read(file) ?? '', line));
  };
  for (const above of directoriesAbove(directory)) {
    const line = posix.relative(above, directory);
    for (const name of files.list(above)) {
      const containerfile = posix.join(above, name);
      if (!asContainerFile(containerfile)) continue;
      const candidates = ignoreFileCandidates(containerfile, above);
      const file = candidates.find((path) => files.read(path) !== undefined) ?? candidates[2]!;
      // That of one container file is relative to its context, which may be the workspace.
      add(file, file.startsWith(containerfile) ? `**/${directory.split('/').slice(-2).join('/')}` : line);
    }
  }
  for (const file of ['.containerignore', '.dockerignore'])
    if (files.read(file) !== undefined) add(file, directory);
  return changed;
}

function directoriesAbove(directory: string): string[] {
  const parent = posix.dirname(directory);
  return parent === directory ? [] : [...directoriesAbove(parent), parent];
}

function withLine(text: string, line: string): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  if (text.split(newline).some((there) => there.trim() === line)) return text;
  return `${text}${text === '' || text.endsWith('\n') ? '' : newline}${line}${newline}`;
}
