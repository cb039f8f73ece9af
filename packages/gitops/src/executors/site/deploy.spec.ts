import type { ExecutorContext } from '@nx/devkit';
import { useDirectory, writeFiles } from '../../../test/support/files';
import siteDeploy, { type SiteDeployOptions } from './deploy';

const directory = useDirectory();
let said: string[];
beforeEach(() => {
  said = [];
  jest.spyOn(console, 'error').mockImplementation((line: string) => void said.push(line));
});
afterEach(() => jest.restoreAllMocks());

/** In a workspace whose root image nothing makes: what passes the check gets no further. */
async function line(options: SiteDeployOptions): Promise<string> {
  writeFiles(directory(), { 'gitops.yaml': 'project: acme/shop\nroot: root\n', 'package.json': '{}' });
  const context = { root: directory(), projectsConfigurations: { projects: {}, version: 2 } };
  expect(await siteDeploy(options, context as unknown as ExecutorContext)).toEqual({ success: false });
  expect(said).toHaveLength(1);
  return said[0]!;
}

const NEXT =
  'gitops.yaml: no project makes the root image root; correct root there, or make one: npx nx g gitops:root';

it.each<[SiteDeployOptions, string]>([
  [{ watch: true, suspend: true }, '--watch and --suspend do not go together; use one of them'],
  [{ watch: true, resume: true }, '--watch and --resume do not go together; use one of them'],
  [{ suspend: true, resume: true }, '--suspend and --resume do not go together; use one of them'],
  [{ suspend: true, dryRun: true }, '--suspend and --dryRun do not go together; use one of them'],
  [{ resume: true, dryRun: true }, '--resume and --dryRun do not go together; use one of them'],
  [{ schedule: '* * * * *' }, '--schedule goes with --watch only; leave it out'],
  [{ schedule: '* * * * *', watch: false }, '--schedule goes with --watch only; leave it out'],
  [{ ring: 'testers', release: '1.0.0' }, '--ring and --release do not go together; use one of them'],
  [{ ring: 1, release: 0 }, '--ring and --release do not go together; use one of them'],
])('refuses %j', async (options, message) => {
  expect(await line(options)).toBe(message);
});

it.each<SiteDeployOptions>([
  {},
  { dryRun: true },
  { watch: true, dryRun: true },
  { watch: true, schedule: '* * * * *', suspend: false },
  { suspend: true, watch: false, dryRun: false },
  { resume: true },
  { release: 1 },
])('takes %j', async (options) => {
  expect(await line(options)).toBe(NEXT);
});
