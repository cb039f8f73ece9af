import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type RegistryVariant,
  type RunningRegistry,
  startDockerRegistry,
} from '../../packages/gitops/test/oci/docker-registry';
import { Site, clusterEnvironment } from './cluster';
import { FILES, addPrograms } from './shell-base';
import { type Workspace, createWorkspace } from './workspace';

/** A Job that migrates, or undoes that. */
export const migration = (word: string): string => `apiVersion: batch/v1
kind: Job
metadata: { name: table }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: api, image: shop/api, command: [sh, -c, "echo ${word} with $(cat /file)"] }]
`;

const KUSTOMIZATION = 'deploy/environments/prod/kustomization.yaml';

/** A shop with an image and a root image, a registry, and a site `demo` of the ring testers in a cluster. */
export class ShopSite {
  private constructor(
    readonly registry: RunningRegistry,
    readonly cluster: Site,
    readonly workspace: Workspace,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  static async open(variant: RegistryVariant = {}): Promise<ShopSite> {
    const registry = await startDockerRegistry(variant);
    const cluster = await Site.open();
    const workspace = await createWorkspace({
      ...FILES,
      'gitops.yaml': `project: shop\nstore: ${registry.host}\nrings: [developers, testers]\n`,
      'apps/api/Containerfile': 'FROM shop/tools\nCOPY file /\nCMD ["sleep", "3600"]\n',
      'apps/api/file': 'one\n',
    });
    await addPrograms(workspace);
    const shop = new ShopSite(registry, cluster, workspace, {
      KUBECONFIG: clusterEnvironment()['KUBECONFIG']!,
    });
    if (variant.user !== undefined) shop.logIn(variant.user, variant.password!);
    await shop.nx('g', 'gitops:root', '--base=shop/tools', '--kubectl=shop/kubectl', '--images=api');
    await shop.nx('g', 'gitops:environment', 'prod');
    await shop.site('demo', `--namespace=${cluster.namespace}`);
    return shop;
  }

  async close(): Promise<void> {
    this.workspace.remove();
    await this.cluster.close();
    await this.registry.stop();
  }

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const how = args[0] === 'g' ? '--no-interactive' : '--output-style=stream-without-prefixes';
    return this.workspace.nx([...args, how], { env: { ...this.env, ...env } });
  }

  /** Runs Nx, which has to succeed. */
  async nx(...args: string[]): Promise<string> {
    const { code, output } = await this.run(args);
    if (code !== 0) throw new Error(`${args.join(' ')} ends with ${code}:\n${output}`);
    return output;
  }

  /** Runs Nx, which has to fail for a reason that is a user's to mend. */
  async fails(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
    const { code, output } = await this.run(args, env);
    if (code !== 1) throw new Error(`${args.join(' ')} ends with ${code}:\n${output}`);
    if (/^\s+at .*\(/m.test(output)) throw new Error(`there is a stack trace:\n${output}`);
    return output;
  }

  /** One more site, or other settings of one. */
  site(name: string, ...settings: string[]): Promise<string> {
    return this.nx('g', 'gitops:site', name, '--environment=prod', '--ring=testers', ...settings);
  }

  /** Adds a file to the environment, or takes it out. */
  resource(name: string, text: string | undefined): void {
    const before = this.workspace.read(KUSTOMIZATION).replace(`  - ${name}\n`, '');
    if (text !== undefined) this.workspace.write(`deploy/environments/prod/${name}`, text);
    this.workspace.write(
      KUSTOMIZATION,
      text === undefined ? before : before.replace('resources:\n', `resources:\n  - ${name}\n`),
    );
  }

  /** Brings what there is to the site's ring. */
  async release(): Promise<void> {
    await this.nx('run-many', '-t', 'image-push');
    await this.nx('image-promote', 'root');
  }

  deploy(...args: string[]): Promise<string> {
    return this.nx('site-deploy', 'root', '-c', 'demo', ...args);
  }

  private logIn(user: string, password: string): void {
    const directory = join(this.workspace.above, 'home/.docker');
    mkdirSync(directory, { recursive: true });
    const auth = Buffer.from(`${user}:${password}`).toString('base64');
    writeFileSync(
      join(directory, 'config.json'),
      JSON.stringify({ auths: { [this.registry.host]: { auth } } }),
    );
  }
}
