import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What is at a path: a file's text or bytes, a file with a mode, a symlink, an empty directory. */
export type FileSpec =
  | string
  | Buffer
  | { readonly content: string | Buffer; readonly mode: number }
  | { readonly link: string }
  | { readonly directory: true };

export type Files = Readonly<Record<string, FileSpec>>;

/** A directory for each test of the suite at hand, removed after it. */
export function useDirectory(): () => string {
  let directory: string;
  beforeEach(() => {
    directory = makeDirectory();
  });
  afterEach(() => removeDirectory(directory));
  return () => directory;
}

export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gitops-spec-'));
  // Of a directory that only its owner may enter, no test could tell who may read what is in it.
  chmodSync(directory, 0o755);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Writes files below a directory, and the directories that they need; returns the directory. */
export function writeFiles(directory: string, files: Files): string {
  mkdirSync(directory, { recursive: true });
  for (const [path, spec] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof spec === 'string' || Buffer.isBuffer(spec)) writeFileSync(file, spec);
    else if ('link' in spec) symlinkSync(spec.link, file);
    else if ('directory' in spec) mkdirSync(file, { recursive: true });
    else {
      writeFileSync(file, spec.content);
      chmodSync(file, spec.mode);
    }
  }
  return directory;
}

/** The paths of all that is below a directory, parents first. Links are named, and never followed. */
export function listAll(directory: string, below = ''): string[] {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    return entry.isDirectory() ? [path, ...listAll(directory, path)] : [path];
  });
}

/** The paths of all files below a directory. */
export function listFiles(directory: string): string[] {
  return listAll(directory)
    .filter((path) => !lstatSync(join(directory, path)).isDirectory())
    .sort();
}

export function readText(directory: string, path: string): string {
  return readFileSync(join(directory, path), 'utf8');
}
