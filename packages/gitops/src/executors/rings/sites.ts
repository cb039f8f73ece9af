import { siteStatuses, statusTable } from '../../sites/status';
import { GitopsError } from '../../support/errors';
import type { RingsOptions } from './options';
import { type Desk, readVerified } from './show';

/** What each site runs, beside what its ring holds. */
export async function showSites(desk: Desk, { json }: RingsOptions): Promise<void> {
  const { settings, root, repositoryOf, print } = desk;
  if (Object.keys(settings.sites).length === 0)
    throw new GitopsError('gitops.yaml has no site', undefined, 'add one: npx nx g gitops:site');
  const { state } = await readVerified(desk);
  const statuses = await siteStatuses({ settings, state, root, repositoryOf });
  print(json ? JSON.stringify({ sites: statuses }, undefined, 2) : statusTable(statuses));
}
