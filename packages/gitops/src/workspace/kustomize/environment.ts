import { posix } from 'node:path';
import { GitopsError } from '../../support/errors';
import {
  type HelmChart,
  type Kustomization,
  type ReadFile,
  type Wanted,
  emptyKustomization,
  kustomizationIn,
  newFile,
  withWanted,
} from './kustomization';
import { type Resource, resourcesOf, scaledNames, shortName } from './resources';

/** What an environment is to be. Directories are relative to the workspace. */
export interface Environment {
  readonly directory: string;
  /** The project's name: a new environment of the base is in a namespace called as its last part. */
  readonly project: string;
  /** The namespace of all that it has. */
  readonly namespace?: string;
  /** The directory of the environment that it is made from, instead of the base. */
  readonly from?: string;
  /** How many of each Deployment and StatefulSet there are. */
  readonly replicas?: number;
  /** Resources that it has patches for: `deployment/api`. */
  readonly patches?: readonly string[];
  readonly helm?: Chart;
}

export interface Chart {
  readonly name: string;
  /** By default it is in the environment's directory `charts`. */
  readonly repo?: string;
  readonly version?: string;
}

/** Where the base is made, if there is none. */
const BASE = 'deploy/base';

/**
 * The files that make a directory an environment. What is there stays, but for what is asked for in particular.
 *
 * @returns their texts by their paths
 * @throws GitopsError where something asked for cannot be had, or a file is not as it should be
 */
export function environmentFiles(wanted: Environment, read: ReadFile): Map<string, string> {
  const { directory, from } = wanted;
  const there = kustomizationIn(directory, read);
  if (there) checkFrom(there, wanted);
  const files = new Map<string, string>();
  const base = from ?? baseOf(directory, read);
  if (!there && !kustomizationIn(base, read)) files.set(newFile(base), emptyBase(wanted, base));

  const resources = resourcesOf(there ? directory : base, read);
  const namespace = namespaceOf(wanted, there !== undefined);
  const patched = (wanted.patches ?? []).map((patch) => find(patch, resources, directory));
  for (const resource of patched) files.set(posix.join(directory, patchFile(resource)), patchText(resource));
  const chart = chartOf(wanted, there, namespace, read);
  if (chart && !there?.charts.includes(chart.name))
    files.set(posix.join(directory, chart.valuesFile), `# Values for the chart ${chart.name}.\n{}\n`);
  // What is in these files is the user's.
  for (const file of files.keys()) if (read(file) !== undefined) files.delete(file);

  const file = there?.file ?? newFile(directory);
  const edits: Wanted = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(there ? {} : { resources: [posix.relative(directory, base)] }),
    ...(wanted.replicas === undefined ? {} : { replicas: scaled(resources, wanted.replicas, directory) }),
    patches: patched.map(patchFile),
    helmCharts: chart ? [chart] : [],
  };
  return files.set(file, withWanted(there?.text, file, edits));
}

/** `acme/my_shop` → `my-shop`, where none is given. What is there, or made from another one, has its own. */
function namespaceOf({ namespace, project, from }: Environment, isThere: boolean): string | undefined {
  if (namespace === undefined)
    return isThere || from !== undefined
      ? undefined
      : posix
          .basename(project)
          .replace(/[^a-z0-9-]/g, '-')
          .slice(0, 63)
          .replace(/-+$/, '');
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace)) return namespace;
  throw new GitopsError(
    `${JSON.stringify(namespace)} is no namespace`,
    undefined,
    'use lower-case letters and digits, with - inside, at most 63 of them',
  );
}

/** The base beside the directory of the environments; else the usual one. */
function baseOf(directory: string, read: ReadFile): string {
  const beside = posix.join(posix.dirname(posix.dirname(directory)), 'base');
  return beside !== directory && kustomizationIn(beside, read) ? beside : BASE;
}

function emptyBase({ directory, from }: Environment, base: string): string {
  if (from !== undefined)
    throw new GitopsError(`${from} has no kustomization`, undefined, 'make one, or leave --from out');
  if (directory === base)
    throw new GitopsError(
      `${base} is what environments are made from`,
      undefined,
      'choose another directory',
    );
  return emptyKustomization('What all environments have: list the files here.');
}

/** An environment that takes from the base already would have everything twice. */
function checkFrom({ file, resources }: Kustomization, { directory, from }: Environment): void {
  if (from === undefined || resources.some((path) => posix.join(directory, path) === from)) return;
  throw new GitopsError(
    `it is there, and not made from ${from}`,
    { file },
    `write ${posix.relative(directory, from)} into its resources, or leave --from out`,
  );
}

function scaled(resources: readonly Resource[], count: number, directory: string): Record<string, number> {
  if (!Number.isInteger(count) || count < 0)
    throw new GitopsError(`there cannot be ${count} replicas`, undefined, 'write a whole number, 0 or more');
  const names = scaledNames(resources);
  if (names.length === 0)
    throw new GitopsError(
      `${directory} has no Deployment or StatefulSet to set replicas of`,
      undefined,
      'add one to the base first, or leave --replicas out',
    );
  return Object.fromEntries(names.map((name) => [name, count]));
}

function find(patch: string, resources: readonly Resource[], directory: string): Resource {
  const found = resources.find((resource) => shortName(resource).toLowerCase() === patch.toLowerCase());
  if (found) return found;
  const known = [...new Set(resources.map(shortName))].sort();
  throw new GitopsError(
    `${directory} has no ${patch} to patch`,
    undefined,
    known.length > 0 ? `use one of ${known.join(', ')}` : 'add it to the base first, or leave --patches out',
  );
}

function patchFile(resource: Resource): string {
  return `patch-${shortName(resource).replace(/[^a-z0-9.-]/gi, '-')}.yaml`;
}

/** A strategic-merge patch that changes nothing yet. */
function patchText({ apiVersion, kind, name, namespace }: Resource): string {
  const yaml = require('yaml') as typeof import('yaml');
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return `# What differs from the base: write the fields that do.\n${yaml.stringify({ apiVersion, kind, metadata })}`;
}

function chartOf(
  { helm, directory }: Environment,
  there: Kustomization | undefined,
  namespace: string | undefined,
  read: ReadFile,
): HelmChart | undefined {
  if (!helm) return undefined;
  const { name, repo, version } = helm;
  if (!/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(name))
    throw new GitopsError(
      `${JSON.stringify(name)} is no chart`,
      undefined,
      'write its name, such as postgresql',
    );
  const local = posix.join(directory, 'charts', name, 'Chart.yaml');
  if (repo === undefined && read(local) === undefined && !there?.charts.includes(name))
    throw new GitopsError(`there is no ${local}`, undefined, 'say with --helmRepo where the chart is');
  return {
    name,
    ...(repo === undefined ? {} : { repo }),
    ...(version === undefined ? {} : { version }),
    releaseName: name,
    ...(namespace === undefined ? {} : { namespace }),
    valuesFile: `values-${name}.yaml`,
  };
}
