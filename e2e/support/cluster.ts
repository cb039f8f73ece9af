import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAvailable, unless } from '../../packages/gitops/test/support/available';
import { type Files, writeFiles } from '../../packages/gitops/test/support/files';
import { type Result, run, succeed } from './process';
import { REPOSITORY } from './template';

/** An image with a shell that the cluster has, or can pull. */
export const SHELL_IMAGE = process.env['GITOPS_E2E_IMAGE'] ?? 'test.local/busybox:1';

const SCRIPT = join(REPOSITORY, 'packages/gitops/src/generators/root/files');

/** Registers a suite that needs a cluster. Tests make and remove namespaces and definitions in it: they have to be told. */
export function whenCluster(name: string, body: () => void): void {
  const isTold = process.env['GITOPS_E2E_KUBE'] === '1' && process.env['KUBECONFIG'] !== undefined;
  const reason = !isAvailable('kubectl')
    ? 'kubectl is not on PATH'
    : isTold
      ? undefined
      : 'no cluster to test with: GITOPS_E2E_KUBE=1 and KUBECONFIG name one';
  unless(reason, name, body);
}

/** What kubectl needs of the shell that runs the tests. */
export function clusterEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], KUBECONFIG: process.env['KUBECONFIG'], HOME: tmpdir() };
}

/** A namespace of its own for each test of the suite, with a site in it, and releases that run there. */
export class Site {
  readonly namespace: string;
  private readonly directory = mkdtempSync(join(tmpdir(), 'gitops-site-'));
  private releases = 0;

  private constructor(private readonly env: NodeJS.ProcessEnv) {
    this.namespace = `e2e-${Date.now().toString(36)}`;
  }

  static async open(): Promise<Site> {
    const site = new Site(clusterEnvironment());
    await succeed('kubectl', ['create', 'namespace', site.namespace], { env: site.env });
    return site;
  }

  /** Its namespace goes by itself. */
  async close(): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true });
    await succeed('kubectl', ['delete', 'namespace', this.namespace, '--wait=false'], { env: this.env });
  }

  kubectl(...args: string[]): Promise<string> {
    return succeed('kubectl', ['-n', this.namespace, ...args], { env: this.env });
  }

  /** One field of a resource; empty where there is no such resource. */
  field(resource: string, path: string): Promise<string> {
    return this.kubectl('get', resource, '--ignore-not-found', '-o', `jsonpath={${path}}`);
  }

  async exists(resource: string): Promise<boolean> {
    return (await this.field(resource, '.metadata.name')) !== '';
  }

  apply(manifest: string, ...args: string[]): Promise<string> {
    const file = join(this.directory, 'manifest.yaml');
    writeFileSync(file, manifest);
    return this.kubectl('apply', ...args, '-f', file);
  }

  /** A release with these files, beside the script: what its image has in /gitops. */
  release(files: Files): Release {
    const directory = join(this.directory, `release-${++this.releases}`);
    cpSync(SCRIPT, directory, { recursive: true });
    writeFiles(directory, {
      'migrations/README.md': '',
      'environments/test/kustomization.yaml': 'resources: [../../base]\n',
      ...files,
    });
    const env = {
      ...this.env,
      GITOPS_SITE: 'test',
      GITOPS_ENVIRONMENT: 'test',
      GITOPS_NAMESPACE: this.namespace,
      GITOPS_ROOT: `registry.test/shop/root@${this.releases}`,
      GITOPS_TIMEOUT: '60',
    };
    return {
      run: (args = [], more = {}, onStart) =>
        run(join(directory, 'reconcile'), args, { env: { ...env, ...more }, ...(onStart && { onStart }) }),
    };
  }

  /** The path of a kubeconfig of somebody who may do nothing but what a role allows. */
  async kubeconfigAs(account: string): Promise<string> {
    const config = JSON.parse(await this.kubectl('config', 'view', '--raw', '--flatten', '-o', 'json')) as {
      users: { user: { as?: string } }[];
    };
    for (const { user } of config.users) user.as = `system:serviceaccount:${this.namespace}:${account}`;
    const file = join(this.directory, 'kubeconfig');
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }
}

export interface Release {
  /** Runs the script to its end. */
  run(
    args?: readonly string[],
    env?: Readonly<Record<string, string>>,
    onStart?: (pid: number) => void,
  ): Promise<Result>;
}
