import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { findFiles } from './nx-internals';
import type { BuildOptions } from '../workspace/build-options';

interface Target {
  readonly options?: Partial<BuildOptions>;
  readonly outputs?: readonly string[];
}

/** What package.json and project.json say of a directory. */
export interface DeclaredProject {
  readonly name: string | undefined;
  readonly targets: Readonly<Record<string, Target>>;
}

type Json = Record<string, unknown>;

/**
 * Reads package.json and project.json of directories, once each. A file that cannot be read counts as empty: Nx
 * itself complains about it.
 */
export class ProjectFiles {
  private readonly declared = new Map<string, DeclaredProject | undefined>();

  constructor(private readonly workspaceRoot: string) {}

  /** The project that a directory declares; undefined where it has neither file. */
  at(directory: string): DeclaredProject | undefined {
    if (!this.declared.has(directory)) this.declared.set(directory, this.read(directory));
    return this.declared.get(directory);
  }

  /** The nearest directory at or above `path` that declares a project, the workspace's root aside. */
  above(path: string): string | undefined {
    for (let directory = path; directory !== '.' && directory !== '/'; directory = posix.dirname(directory))
      if (this.at(directory)) return directory;
    return undefined;
  }

  /** The names of all projects that package.json and project.json files declare, wherever they are. */
  async names(): Promise<Set<string>> {
    const files = await findFiles(this.workspaceRoot, ['**/package.json', '**/project.json']);
    const names = files.map((file) => this.at(posix.dirname(file))?.name);
    return new Set(names.filter((name) => name !== undefined));
  }

  private read(directory: string): DeclaredProject | undefined {
    const packageJson = this.json(posix.join(directory, 'package.json'));
    const projectJson = this.json(posix.join(directory, 'project.json'));
    if (!packageJson && !projectJson) return undefined;
    const nx = (packageJson?.['nx'] ?? {}) as Json;
    const targets = {
      ...(nx['targets'] as object),
      ...(projectJson?.['targets'] as object),
    } as DeclaredProject['targets'];
    return { name: text(projectJson?.['name']) ?? text(nx['name']) ?? text(packageJson?.['name']), targets };
  }

  private json(path: string): Json | undefined {
    const file = join(this.workspaceRoot, path);
    if (!existsSync(file)) return undefined;
    try {
      const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
      return typeof value === 'object' && value !== null ? (value as Json) : {};
    } catch {
      return {};
    }
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
