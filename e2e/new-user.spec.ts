import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from './support/markdown';
import { type NpmRegistry, startNpmRegistry } from './support/npm-registry';
import { run } from './support/process';
import { NX_VERSION } from './support/template';
import { environment, needed } from './support/workspace';

/** What somebody does who has heard of it and reads the README: from an empty directory on, with nothing prepared. */
describe('a new user', () => {
  let above: string;
  let registry: NpmRegistry;
  beforeAll(async () => {
    above = mkdtempSync(join(needed('GITOPS_E2E'), 'new-'));
    mkdirSync(join(above, 'home'));
    registry = await startNpmRegistry([needed('GITOPS_E2E_TARBALL')]);
  });
  afterAll(async () => {
    await registry.close();
    rmSync(above, { recursive: true, force: true });
  });

  const read = (path: string): string => readFileSync(join(above, 'shop', path), 'utf8');

  /** Types a line, which has to work. */
  async function type(line: string, directory = 'shop'): Promise<string> {
    const env = {
      ...environment(join(above, 'home')),
      CI: 'true',
      npm_config_cache: needed('HOME') + '/.npm',
    };
    const { code, output } = await run('bash', ['-c', line], { cwd: join(above, directory), env });
    if (code !== 0) throw new Error(`${line} ends with ${code}:\n${output}`);
    return output;
  }

  it('makes a workspace, and adds the plugin', async () => {
    await type(
      `npx --yes create-nx-workspace@${NX_VERSION} shop --preset=apps --nxCloud=skip --packageManager=npm --interactive=false`,
      '.',
    );
    // The package is in no registry before it is published.
    writeFileSync(join(above, 'shop/.npmrc'), `registry=${registry.url}/\n`);
    await type('npx nx add gitops');
    expect(read('gitops.yaml')).toContain('project: shop\n');
    expect(JSON.parse(read('nx.json'))).toMatchObject({
      plugins: ['gitops'],
      sync: { globalGenerators: ['gitops:sync'] },
    });
    expect(JSON.parse(read('package.json'))).toMatchObject({
      devDependencies: { gitops: expect.any(String) as string },
    });
    expect(read('.gitignore')).toContain('.gitops/\n');
  });

  for (const { line, commands } of blocksOf('README.md', '## Quick start'))
    it(`goes on by what README says from line ${line} on`, async () => {
      for (const command of commands) await type(command);
    });

  it('has what README says', async () => {
    expect(existsSync(join(above, 'shop/dist/apps/hello/image/oci-layout'))).toBe(true);
    expect(read('gitops.yaml')).toContain('rings: [developers, testers]');
    expect(read('gitops.yaml')).toContain('environment: prod');
    expect(await type('npx nx rings')).toMatch(/hello +0\.2\.0 +0\.1\.0/);
    expect(await type('npx nx rings --log')).toContain('too loud');
    expect(await type('npx gitops rings')).toContain('hello');
    expect(await type('npx nx list gitops')).toContain('environment');
  });
});
