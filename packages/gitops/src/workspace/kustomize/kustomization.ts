import { posix } from 'node:path';
import { GitopsError } from '../../support/errors';
import { SettingsDocument } from '../settings-document';
import { END, type Edit, editYaml } from '../yaml-edits';

/** Reads a text file of the workspace; undefined where there is none. */
export type ReadFile = (path: string) => string | undefined;

/** The names that kustomize looks for, in its order; a new one gets the first. */
const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const EMPTY = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n';

/** What is wanted of a kustomization; what is left out stays as it is. */
export interface Wanted {
  readonly namespace?: string;
  /** Directories, relative to the kustomization's. */
  readonly resources?: readonly string[];
  /** How many of each workload there are, by its name. */
  readonly replicas?: Readonly<Record<string, number>>;
  /** Files with strategic-merge patches. */
  readonly patches?: readonly string[];
  readonly helmCharts?: readonly HelmChart[];
}

export interface HelmChart {
  readonly name: string;
  readonly repo?: string;
  readonly version?: string;
  readonly releaseName: string;
  readonly namespace?: string;
  readonly valuesFile: string;
}

/** A kustomization: where it is, and what of it matters here. */
export interface Kustomization {
  readonly file: string;
  readonly text: string;
  /** Of all that it has. */
  readonly namespace?: string;
  readonly resources: readonly string[];
  /** The names of its helm charts. */
  readonly charts: readonly string[];
}

type Value = Readonly<Record<string, unknown>>;

/**
 * @returns the kustomization of a directory; undefined where there is none
 * @throws GitopsError with file and line, where it is not YAML
 */
export function kustomizationIn(directory: string, read: ReadFile): Kustomization | undefined {
  const file = NAMES.map((name) => posix.join(directory, name)).find((path) => read(path) !== undefined);
  if (file === undefined) return undefined;
  const text = read(file)!;
  const value = valueOf(text, file);
  const { namespace } = value;
  return {
    file,
    text,
    ...(isText(namespace) ? { namespace } : {}),
    resources: listOf(value, 'resources').filter(isText),
    charts: listOf(value, 'helmCharts')
      .map((chart) => field(chart, 'name'))
      .filter(isText),
  };
}

/** The file of a new kustomization. */
export function newFile(directory: string): string {
  return posix.join(directory, NAMES[0]!);
}

/** A kustomization of nothing, which renders. */
export function emptyKustomization(comment: string): string {
  return `${EMPTY}# ${comment}\nresources: []\n`;
}

/**
 * Adds to a kustomization what is wanted and missing. All else stays as it is written.
 *
 * @param text that of the file; undefined for a new one
 * @throws GitopsError with the file, where it cannot be edited
 */
export function withWanted(text: string | undefined, file: string, wanted: Wanted): string {
  const before = text ?? EMPTY;
  const value = valueOf(before, file);
  const { namespace, resources = [], replicas = {}, patches = [], helmCharts = [] } = wanted;
  return editYaml(before, file, [
    ...(namespace === undefined ? [] : [set(['namespace'], namespace)]),
    ...added(value, 'resources', resources, (there, wanted) => there === wanted),
    ...Object.entries(replicas).flatMap(([name, count]) => replicaEdits(value, name, count)),
    ...added(
      value,
      'patches',
      patches.map((path) => ({ path })),
      (there, { path }) => field(there, 'path') === path,
    ),
    ...helmCharts.flatMap((chart) => chartEdits(value, chart)),
  ]);
}

function replicaEdits(value: Value, name: string, count: number): Edit[] {
  const at = listOf(value, 'replicas').findIndex((there) => field(there, 'name') === name);
  if (at !== -1) return [set(['replicas', at, 'count'], count)];
  return [{ op: 'insert', path: ['replicas', END], value: { name, count } }];
}

/** Of a chart that is there, what is given of its source changes. */
function chartEdits(value: Value, chart: HelmChart): Edit[] {
  const at = listOf(value, 'helmCharts').findIndex((there) => field(there, 'name') === chart.name);
  if (at === -1) return [{ op: 'insert', path: ['helmCharts', END], value: chart }];
  return (['repo', 'version'] as const)
    .filter((key) => chart[key] !== undefined)
    .map((key) => set(['helmCharts', at, key], chart[key]));
}

/** What of a list is not there yet comes at its end. */
function added<T>(
  value: Value,
  key: string,
  items: readonly T[],
  is: (there: unknown, item: T) => boolean,
): Edit[] {
  return items
    .filter((item) => !listOf(value, key).some((there) => is(there, item)))
    .map((item) => ({ op: 'insert', path: [key, END], value: item }));
}

function set(path: Edit['path'], value: unknown): Edit {
  return { op: 'set', path, value };
}

function listOf(value: Value, key: string): readonly unknown[] {
  const list = value[key];
  return Array.isArray(list) ? list : [];
}

function field(item: unknown, key: string): unknown {
  return typeof item === 'object' && item !== null ? (item as Value)[key] : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function valueOf(text: string, file: string): Value {
  const { value } = new SettingsDocument(text, file);
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Value;
  throw new GitopsError('it is no kustomization', { file, line: 1 }, 'write it as a mapping');
}
