import { NX, NX_VERSION } from './support/template';
import { type Workspace, createWorkspace, needed } from './support/workspace';

/** A workspace that has Nx's own plugin for Docker too, and publishes npm packages by `nx release`. */
describe('beside @nx/docker and nx release', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace(
      {
        'nx.json': JSON.stringify({
          analytics: false,
          plugins: ['gitops', '@nx/docker'],
          release: {
            projects: ['libs/*'],
            projectsRelationship: 'independent',
            version: { currentVersionResolver: 'disk' },
            changelog: false,
            docker: {
              // By default Nx builds all of its images first, by Docker.
              preVersionCommand: 'echo nothing',
              versionSchemes: { production: '{shortCommitSha}' },
            },
          },
        }),
        'package.json': JSON.stringify({
          name: 'shop',
          version: '0.0.0',
          private: true,
          workspaces: ['libs/*'],
        }),
        // An npm package and an image of ours.
        'libs/prices/package.json': JSON.stringify({ name: 'prices', version: '1.2.3' }),
        'libs/prices/Containerfile': 'FROM scratch\nCOPY package.json /\n',
        // An npm package and an image that both plugins find.
        'libs/scales/package.json': JSON.stringify({ name: 'scales', version: '0.4.0' }),
        'libs/scales/Dockerfile': 'FROM shop/prices\nCOPY package.json /scales.json\n',
        // An image and no package.
        'apps/web/Containerfile': 'FROM shop/scales\nCOPY file /\n',
        'apps/web/file': 'web\n',
      },
      {
        packages: [...NX, `@nx/docker@${NX_VERSION}`, `@nx/js@${NX_VERSION}`, needed('GITOPS_E2E_TARBALL')],
      },
    );
  });
  afterAll(() => workspace?.remove());

  const OURS = ['image-build', 'image-label', 'image-load', 'image-promote', 'image-push'];

  it('each plugin has its targets, and nothing of ours is Docker’s', async () => {
    const { nodes } = await workspace.graph();
    const docker = (project: string): string[] =>
      Object.entries(nodes[project]!.data.targets)
        .filter(([, { metadata }]) => metadata?.technologies?.includes('docker'))
        .map(([name]) => name);
    for (const project of ['prices', 'scales', 'web'])
      expect(Object.keys(nodes[project]!.data.targets)).toEqual(expect.arrayContaining(OURS));
    expect(docker('prices')).toEqual([]);
    expect(docker('scales')).toEqual(['docker:build', 'docker:run']);
    expect(docker('web')).toEqual([]);
  });

  it('nx show project shows both', async () => {
    const { code, output } = await workspace.nx(['show', 'project', 'scales']);
    expect({ code, output }).toMatchObject({ code: 0 });
    for (const target of [...OURS, 'docker:build', 'docker:run']) expect(output).toContain(target);
  });

  it('nx release versions the packages, and takes only @nx/docker’s for images', async () => {
    const { code, output } = await workspace.nx(
      ['release', 'version', 'patch', '--dry-run', '--dockerVersionScheme=production'],
      // Or @nx/docker would call Docker even so.
      { env: { NX_DRY_RUN: 'true' } },
    );
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('New version 1.2.4 written to manifest: libs/prices/package.json');
    expect(output).toContain('New version 0.4.1 written to manifest: libs/scales/package.json');
    expect(output).toContain('scales Image would be tagged');
    expect(output).not.toMatch(/prices Image|web/);
  });

  it('our images are built and published as ever', async () => {
    const built = await workspace.nx(['image-build', 'web']);
    expect(built.output).toContain('web: built from 1 file');
    const { code, output } = await workspace.nx(['run-many', '-t', 'image-push']);
    expect({ code, output }).toMatchObject({ code: 0 });
    for (const image of ['prices', 'scales', 'web'])
      expect(output).toMatch(new RegExp(`^${image} +developers +- → 0\\.1\\.0 `, 'm'));
  });
});
