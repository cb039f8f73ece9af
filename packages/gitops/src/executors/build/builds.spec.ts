import { join } from 'node:path';
import { EngineConnection } from '../../builders/engine/engine-connection';
import { useDirectory, writeFiles } from '../../../test/support/files';
import { EngineElsewhere, OwnBuilds } from './builds';

const directory = useDirectory();
const NAMES = ['one', 'two', 'three'];

class Elsewhere extends EngineConnection {
  override get(): Promise<never> {
    return Promise.reject(new EngineElsewhere());
  }
}

function builds(...names: readonly string[]): OwnBuilds {
  const images = names.map((name) => ({
    project: name,
    projectRoot: name,
    targetName: 'image-build',
    name,
    options: { containerfile: `${name}/Containerfile` },
  }));
  const assignment = { root: directory(), cache: join(directory(), '.cache'), images };
  return new OwnBuilds(assignment, new Elsewhere(() => undefined));
}

beforeEach(() => {
  const files = NAMES.map((name) => [`${name}/Containerfile`, `FROM scratch\nLABEL name=${name}\n`]);
  writeFiles(directory(), {
    ...(Object.fromEntries(files) as Record<string, string>),
    'runs/Containerfile': 'FROM scratch\nRUN true\n',
  });
});

it('between images that are up to date a signal can be heard', async () => {
  const first = builds(...NAMES);
  for (const name of NAMES) await first.build(`${name}:image-build`);
  const again = builds(...NAMES);
  let turns = 0;
  const turn = (): void => {
    turns++;
    pending = setImmediate(turn);
  };
  let pending = setImmediate(turn);
  for (const [i, name] of NAMES.entries()) {
    expect((await again.build(`${name}:image-build`)).log).toContain('up to date');
    expect(turns).toBeGreaterThan(i);
  }
  clearImmediate(pending);
});

it('what is stopped builds nothing any more', async () => {
  const stopped = builds(...NAMES);
  const building = stopped.build('one:image-build');
  await stopped.stop();
  const interrupted = { success: false, log: 'interrupted\n' };
  expect(await building).toEqual(interrupted);
  expect(await stopped.build('two:image-build')).toEqual(interrupted);
});

it('a mistake in gitops.yaml is reported by each build', async () => {
  writeFiles(directory(), { 'gitops.yaml': 'rings: 1\n' });
  const mistaken = builds(...NAMES);
  for (const name of NAMES)
    expect(await mistaken.build(`${name}:image-build`)).toMatchObject({
      success: false,
      log: expect.stringMatching(/^gitops\.yaml:1/) as string,
    });
});

it('where the engine is elsewhere, so is what needs one', async () => {
  await expect(builds('runs').build('runs:image-build')).rejects.toThrow(EngineElsewhere);
});

it('what is no image of the run is a fault', async () => {
  expect((await builds('one').build('two:image-build')).log).toMatch(
    /^a fault in gitops: Error: two:image-build/,
  );
});
