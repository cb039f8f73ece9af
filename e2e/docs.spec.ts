import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAvailable } from '../packages/gitops/test/support/available';
import { run } from './support/process';
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

interface Block {
  readonly line: number;
  readonly commands: readonly string[];
}

/** The blocks that are marked as `sh`; what cannot be run anywhere is marked as `bash`. */
function blocksOf(file: string): Block[] {
  const text = readFileSync(join(__dirname, '..', file), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length + 1,
    commands: match[1]!.trim().split('\n'),
  }));
}

describe('docs/recipes.md', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = await createWorkspace(FILES);
    await run('git', ['tag', 'v1'], { cwd: workspace.dir });
  });
  afterAll(() => workspace.remove());

  for (const { line, commands } of blocksOf('docs/recipes.md'))
    it(`works as it is written, from line ${line} on`, async () => {
      for (const command of commands) {
        if (command.startsWith('skopeo') && !isAvailable('skopeo')) continue;
        const { code, output } = await workspace.shell(command);
        expect({ command, code, output }).toMatchObject({ code: 0 });
      }
    });
});
