import { posix } from 'node:path';
import { GitopsError } from '../../support/errors';
import { type ReadFile, kustomizationIn } from './kustomization';

/** A Kubernetes resource that a kustomization names in one of its files. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** What kustomize can set the number of replicas of, and a project has. */
const SCALED = ['Deployment', 'StatefulSet'];

/**
 * The resources of a kustomization and of those that it is made from, as far as they are files of the workspace: what
 * comes from a URL, a chart or a generator is left out.
 *
 * @throws GitopsError with file and line, where a file is not YAML
 */
export function resourcesOf(directory: string, read: ReadFile): Resource[] {
  return collect(posix.normalize(directory), read, new Set());
}

/** The names of what has replicas, each once. */
export function scaledNames(resources: readonly Resource[]): string[] {
  return [...new Set(resources.filter(({ kind }) => SCALED.includes(kind)).map(({ name }) => name))];
}

/** `deployment/api` */
export function shortName({ kind, name }: Resource): string {
  return `${kind.toLowerCase()}/${name}`;
}

function collect(directory: string, read: ReadFile, seen: Set<string>): Resource[] {
  if (seen.has(directory)) return [];
  seen.add(directory);
  const resources = kustomizationIn(directory, read)?.resources ?? [];
  return resources
    .filter((path) => !path.includes('://') && !posix.isAbsolute(path))
    .flatMap((path) => {
      const at = posix.join(directory, path);
      const text = read(at);
      return text === undefined ? collect(at, read, seen) : inFile(text, at);
    });
}

function inFile(text: string, file: string): Resource[] {
  const yaml = require('yaml') as typeof import('yaml');
  const lines = new yaml.LineCounter();
  const documents = yaml.parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  return [...documents].flatMap((document) => {
    const [error] = document.errors;
    if (error) {
      const { line } = lines.linePos(error.pos[0]);
      throw new GitopsError(`it is not YAML: ${error.message.trim()}`, { file, line }, 'correct it');
    }
    return inValue(document.toJS());
  });
}

function inValue(value: unknown): Resource[] {
  const { apiVersion, kind, metadata, items } = (value ?? {}) as Record<string, unknown>;
  if (Array.isArray(items)) return items.flatMap(inValue);
  const { name, namespace } = (metadata ?? {}) as Record<string, unknown>;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return [];
  return [{ apiVersion, kind, name, ...(typeof namespace === 'string' ? { namespace } : {}) }];
}
