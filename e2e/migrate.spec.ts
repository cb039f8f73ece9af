import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NpmRegistry, startNpmRegistry } from './support/npm-registry';
import { succeed } from './support/process';
import { NX, npmPack } from './support/template';
import { type Workspace, createWorkspace, needed } from './support/workspace';

/** As a user goes from one version of the plugin to the next: by a registry. */
describe('nx migrate', () => {
  let registry: NpmRegistry;
  let workspace: Workspace;
  let version: string;

  beforeAll(async () => {
    const tarball = needed('GITOPS_E2E_TARBALL');
    registry = await startNpmRegistry([await packPrevious(tarball), tarball]);
    workspace = await createWorkspace(
      {
        '.npmrc': `registry=${registry.url}/\n`,
        '.gitignore': 'node_modules\ndist\n.nx\n',
        'gitops.yaml': 'project: acme/shop # ours\n',
        'apps/api/Containerfile': 'FROM scratch\nCOPY file /\n',
        'apps/api/file': 'api\n',
      },
      { packages: [...NX, 'gitops@0.1.0'] },
    );
  });
  afterAll(async () => {
    workspace?.remove();
    await registry?.close();
  });

  const migrate = (...args: string[]) =>
    // Otherwise Nx fetches its latest version to do it.
    workspace.nx(['migrate', ...args, '--interactive=false'], { env: { NX_USE_LOCAL: 'true' } });
  const installed = (): string => workspace.read('node_modules/gitops/package.json');
  const dependency = (): string | undefined =>
    (JSON.parse(workspace.read('package.json')) as { devDependencies: Record<string, string> })
      .devDependencies['gitops'];

  it('starts with the previous version', async () => {
    expect(dependency()).toBe('0.1.0');
    expect(installed()).not.toContain('nx-migrations');
    expect((await workspace.build()).output).toContain('api: built from');
  });

  it('takes the latest version, and what has to be done for it', async () => {
    const { code, output } = await migrate('gitops@latest');
    expect({ code, output }).toMatchObject({ code: 0 });
    version = dependency()!;
    expect(version).not.toBe('0.1.0');
    const { migrations } = JSON.parse(workspace.read('migrations.json')) as {
      migrations: { package: string; name: string }[];
    };
    expect(migrations.map(({ name }) => name)).toEqual([
      '0.2.0-add-schema-comment',
      '0.2.0-ignore-store',
      '0.2.0-register-sync',
    ]);
  });

  it('does it', async () => {
    const { code, output } = await migrate('--run-migrations');
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(installed()).toContain(`"version": "${version}"`);
    expect(workspace.read('gitops.yaml')).toBe(
      '# yaml-language-server: $schema=./node_modules/gitops/schemas/gitops.schema.json\n' +
        'project: acme/shop # ours\n',
    );
    expect(workspace.exists('node_modules/gitops/schemas/gitops.schema.json')).toBe(true);
    expect(workspace.read('.gitignore')).toBe('node_modules\ndist\n.nx\n.gitops/\n');
    expect(workspace.read('nx.json')).toContain('gitops:sync');
  });

  it('and changes nothing when it is done again', async () => {
    const before = ['gitops.yaml', '.gitignore'].map(workspace.read);
    const { code, output } = await migrate('--run-migrations');
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(['gitops.yaml', '.gitignore'].map(workspace.read)).toEqual(before);
    expect((await workspace.build()).code).toBe(0);
  });
});

/** The present sources as version 0.1.0, which had no migrations. */
async function packPrevious(tarball: string): Promise<string> {
  const directory = mkdtempSync(join(needed('GITOPS_E2E'), 'previous-'));
  await succeed('tar', ['-xzf', tarball, '-C', directory]);
  const manifest = join(directory, 'package/package.json');
  const { 'nx-migrations': _, ...others } = JSON.parse(readFileSync(manifest, 'utf8')) as object & {
    'nx-migrations': unknown;
  };
  writeFileSync(manifest, JSON.stringify({ ...others, version: '0.1.0' }, undefined, 2));
  for (const path of ['migrations.json', 'dist/migrations'])
    rmSync(join(directory, 'package', path), { recursive: true });
  return npmPack(join(directory, 'package'), directory);
}
