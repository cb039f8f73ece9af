import { rmSync } from 'node:fs';

/** Runs once, after all specs. */
export default function tearDown(): void {
  const directory = process.env['GITOPS_E2E'];
  if (directory) rmSync(directory, { recursive: true, force: true });
}
