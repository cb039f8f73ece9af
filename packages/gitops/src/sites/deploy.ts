import { GitopsError } from '../support/errors';
import type { Desk } from './desk';
import { follow } from './follow-job';
import { inventoryOf } from './inventory';
import { type Kubectl, find, succeed } from './kubectl';
import {
  type Manifest,
  type Run,
  accessManifests,
  accountName,
  cronJobManifest,
  jobManifest,
} from './manifests';
import { ownRules, permissionsFor, targetsOf } from './permissions';

export interface DeployOptions {
  readonly timeoutSeconds: number;
  /** Whether to take over fields that somebody else manages. */
  readonly forceConflicts?: boolean;
  /** Makes the names of Jobs their own. */
  readonly id: string;
  readonly print: (text: string) => void;
}

/** What is applied before a release runs, and what runs it. */
export interface Deployment {
  readonly access: readonly Manifest[];
  readonly run: Manifest;
}

const APPLY = ['apply', '--server-side', '--force-conflicts', '--field-manager=gitops', '-f', '-'];

/**
 * What runs a release on its site once.
 * @throws GitopsError where the cluster cannot be asked, and where it cannot run the release
 */
export async function deployment(
  desk: Desk,
  isPullable: boolean,
  options: DeployOptions,
): Promise<Deployment> {
  checkPossible(desk, isPullable);
  return { access: await access(desk, true), run: jobManifest(runOf(desk, options), options.id) };
}

/**
 * What lets a site follow its ring by itself.
 * @throws GitopsError as {@link deployment} does, and where the release is not that of a ring
 */
export async function watching(
  desk: Desk,
  isPullable: boolean,
  options: DeployOptions & { readonly schedule: string },
): Promise<Deployment> {
  checkPossible(desk, isPullable);
  const { ring, reference } = desk.release;
  if (ring === undefined)
    throw new GitopsError('a site follows a ring, not a version', undefined, 'leave --release out');
  const run = { ...runOf(desk, options), reference: reference.replace(/@.*$/, `:${ring}`) };
  const cronJob = cronJobManifest(run, options.schedule, await cronJobVersion(desk.kubectl));
  return { access: await access(desk, false), run: cronJob };
}

/** Runs a release on its site, shows what it says, and waits until it is done. */
export async function deploy(
  desk: Desk,
  { access, run }: Deployment,
  { print }: DeployOptions,
): Promise<void> {
  await prepare(desk, access);
  const { name } = run['metadata'] as { name: string };
  const { kubectl, namespace, site, release } = desk;
  await succeed(kubectl, ['create', '-f', '-'], `the Job ${name} cannot be made`, { input: listOf([run]) });
  print(`${site.name}: runs ${release.image} ${release.version} in ${namespace}, as Job ${name}\n`);
  await follow(kubectl, namespace, name, print);
}

/** Lets a site follow its ring. */
export async function watch(desk: Desk, { access, run }: Deployment): Promise<void> {
  await prepare(desk, access);
  await succeed(desk.kubectl, APPLY, `the CronJob ${accountName(desk.site.name)} cannot be made`, {
    input: listOf([run]),
  });
}

/**
 * Lets a site stay as it is, or follow its ring again.
 * @throws GitopsError where it does not follow its ring
 */
export async function suspend({ kubectl, site, namespace }: Desk, isSuspended: boolean): Promise<void> {
  const name = accountName(site.name);
  if (!(await find(kubectl, 'cronjob', name, namespace)))
    throw new GitopsError(
      `the site ${site.name} does not follow its ring`,
      undefined,
      `npx nx site-deploy --site=${site.name} --watch lets it`,
    );
  const patch = JSON.stringify({ spec: { suspend: isSuspended } });
  await succeed(
    kubectl,
    ['patch', 'cronjob', name, '-n', namespace, '--type=merge', '-p', patch],
    `the CronJob ${name} cannot be changed`,
  );
}

function checkPossible({ isPersonal, environment, release }: Desk, isPullable: boolean): void {
  if (!isPullable)
    throw new GitopsError(
      `the state store is a directory, from which no cluster can pull ${release.image}`,
      undefined,
      'name a registry as store in gitops.yaml, and push to it',
    );
  if (isPersonal)
    throw new GitopsError(
      `the root image does not have the environment ${environment}, which is somebody's own`,
      undefined,
      'apply it by hand: npx nx site-render … --output-style=stream-without-prefixes | kubectl apply --server-side -f -',
    );
}

function runOf(
  { site, namespace, release, environment }: Desk,
  { timeoutSeconds, forceConflicts }: DeployOptions,
): Run {
  const { name, pullSecret } = site;
  const { reference } = release;
  return { site: name, namespace, reference, environment, timeoutSeconds, pullSecret, forceConflicts };
}

async function access({ kubectl, site, namespace, rendered }: Desk, byName: boolean): Promise<Manifest[]> {
  const { resources } = await inventoryOf(kubectl, site.name, namespace);
  const targets = await targetsOf(kubectl, rendered.resources, resources);
  const permissions = permissionsFor(targets, { namespace, rules: ownRules(site.name) }, byName);
  return accessManifests(site.name, namespace, permissions);
}

/** The namespaces have to be there before anybody may do something in them. */
async function prepare({ kubectl, site, namespace }: Desk, access: readonly Manifest[]): Promise<void> {
  const places = access.map((manifest) => (manifest['metadata'] as { namespace?: string }).namespace);
  for (const place of new Set([namespace, ...places.filter((each) => each !== undefined)])) {
    const called = await kubectl.call(['get', 'namespace', place, '--ignore-not-found', '-o', 'name']);
    // Who may not look may still be allowed to do all else.
    if (called.code === 0 && called.stdout.trim() === '')
      await succeed(kubectl, ['create', 'namespace', place], `the namespace ${place} cannot be made`);
  }
  await succeed(kubectl, APPLY, `the account of the site ${site.name} cannot be made`, {
    input: listOf(access),
  });
}

/** JSON is YAML. */
export function listOf(items: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

async function cronJobVersion(kubectl: Kubectl): Promise<string> {
  const versions = await succeed(kubectl, ['api-versions'], 'the cluster cannot be asked what it knows');
  return versions.split('\n').includes('batch/v1beta1') && !(await hasCronJobV1(kubectl))
    ? 'batch/v1beta1'
    : 'batch/v1';
}

async function hasCronJobV1(kubectl: Kubectl): Promise<boolean> {
  const { code, stdout } = await kubectl.call(['get', '--raw', '/apis/batch/v1']);
  return code === 0 && stdout.includes('"CronJob"');
}
