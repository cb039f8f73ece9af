import { isAvailable } from '../packages/gitops/test/support/available';
import { blocksOf } from './support/markdown';
import { type Workspace, createWorkspace } from './support/workspace';

/** What the recipes speak of. */
const FILES = {
  'gitops.yaml': 'project: acme/shop\nroot: root\nrings: [developers, testers, users]\n',
  'apps/base/Containerfile': 'FROM scratch\nCOPY system /\n',
  'apps/base/system': 'new\n',
  'apps/api/Containerfile': 'FROM acme/shop/base\nCOPY message /\n',
  'apps/api/message': 'hello\n',
  'apps/web/Containerfile': 'FROM acme/shop/base\nCOPY page.html /\n',
  'apps/web/page.html': '<h1>Shop</h1>\n',
  'deploy/root/Containerfile': 'FROM scratch\nCOPY app.yaml /\nLABEL dependency.api="" dependency.web=""\n',
  'deploy/root/app.yaml': 'kind: List\n',
};

/** What is to be seen after a command, besides that it worked. */
const SEEN: Readonly<Record<string, RegExp>> = {
  'npx nx image-promote root --ring=testers --reason="sprint 12, accepted"': /users +- → 0\.1\.0/,
  'npx nx image-push root --ring=users --reason="the message was wrong"': /api +users +0\.1\.0 → 0\.1\.1/,
  'npx nx image-promote root --ring=users --unshift --reason="orders fail"': /taken back/,
};

describe('docs/recipes.md', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace(FILES);
    await workspace.shell('git tag v1');
  });
  afterAll(() => workspace.remove());

  for (const { line, commands } of blocksOf('docs/recipes.md'))
    it(`works as it is written, from line ${line} on`, async () => {
      for (const command of commands) {
        if (command.startsWith('skopeo') && !isAvailable('skopeo')) continue;
        const { code, output } = await workspace.shell(command);
        if (code !== 0) throw new Error(`${command} ends with ${code}:\n${output}`);
        expect(output).toMatch(SEEN[command] ?? /^/);
      }
    });
});
