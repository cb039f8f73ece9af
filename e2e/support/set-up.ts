import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tearDown from './tear-down';
import { makeTemplate } from './template';

/** Runs once, before all specs. */
export default async function setUp(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gitops-e2e-'));
  process.env['GITOPS_E2E'] = directory;
  // Some of what runs in it runs as another user.
  chmodSync(directory, 0o755);
  try {
    const template = await makeTemplate(directory);
    process.env['GITOPS_E2E_TEMPLATE'] = template.directory;
    process.env['GITOPS_E2E_TARBALL'] = template.tarball;
  } catch (error) {
    tearDown();
    throw error;
  }
}
