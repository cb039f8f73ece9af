import { join } from 'node:path';
import { type RunningRegistry, startDockerRegistry } from '../oci/docker-registry';
import { whenAvailable } from '../support/available';
import { makeDirectory, removeDirectory } from '../support/files';

/** A directory for each test of a file of them, in which the locks of this machine are too. */
export function useMachine(): () => string {
  const before = process.env['XDG_CACHE_HOME'];
  let directory: string;
  beforeEach(() => {
    directory = makeDirectory();
    process.env['XDG_CACHE_HOME'] = join(directory, 'home');
  });
  afterEach(() => removeDirectory(directory));
  afterAll(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
  });
  return () => directory;
}

/**
 * Registers the same tests for a directory and for a registry.
 * @param tests get the locations of stores that have nothing yet
 */
export function inEachStore(
  name: string,
  directory: () => string,
  tests: (newStore: () => string) => void,
): void {
  let count = 0;

  describe(`${name}: a directory`, () => tests(() => `oci:${join(directory(), `store-${++count}`)}`));

  whenAvailable('docker-registry', `${name}: a registry`, () => {
    let registry: RunningRegistry;
    beforeAll(async () => {
      registry = await startDockerRegistry();
    });
    afterAll(() => registry.stop());
    tests(() => `http://${registry.host}/test-${++count}`);
  });
}
