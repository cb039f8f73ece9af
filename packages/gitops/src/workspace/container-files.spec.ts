import fc from 'fast-check';
import { asContainerFile, nameDirectories } from './container-files';

describe('asContainerFile', () => {
  it.each<[file: string, directory: string, suffix: string]>([
    ['Containerfile', '.', ''],
    ['apps/api/Dockerfile', 'apps/api', ''],
    ['apps/api/Containerfile.worker', 'apps/api', 'worker'],
    ['apps/api/worker.Containerfile', 'apps/api', 'worker'],
    ['apps/api/Dockerfile.dev', 'apps/api', 'dev'],
    ['dev.Dockerfile', '.', 'dev'],
    ['a/Dockerfile.Worker.Prod', 'a', 'worker-prod'],
    ['a/My_Own.Dockerfile', 'a', 'my-own'],
    ['a/Dockerfile.--x--', 'a', 'x'],
    ['a/Dockerfile.é', 'a', ''],
    ['a/Dockerfile.md.worker', 'a', 'md-worker'],
    ['a/b.Containerfile.Dockerfile', 'a', 'b-containerfile'],
  ])('%s', (file, directory, suffix) => {
    expect(asContainerFile(file)).toEqual({ file, directory, suffix });
  });

  it.each([
    'dockerfile',
    'MyDockerfile',
    'Dockerfile-dev',
    'Containerfile.dockerignore',
    'Dockerfile.dockerignore',
    'Dockerfile.worker.dockerignore',
    'worker.Containerfile.containerignore',
    'Dockerfile.md',
    'Dockerfile.orig',
    'Dockerfile.bak',
    'Dockerfile.swp',
    'Dockerfile.worker~',
    'Dockerfile.tmpl',
    'Dockerfile.j2',
    '.devcontainer/Dockerfile',
    'apps/api/.devcontainer/x/Containerfile',
    'Dockerfile/readme.txt',
  ])('%s is none', (file) => {
    expect(asContainerFile(file)).toBeUndefined();
  });
});

describe('nameDirectories', () => {
  it.each<[name: string, directories: string[], taken: string[], names: string[]]>([
    ["the directory's own name", ['apps/api', 'apps/web'], [], ['api', 'web']],
    ["with its parent's where two are the same", ['apps/api', 'libs/api'], [], ['apps-api', 'libs-api']],
    ['with as many as it takes', ['x/a/api', 'y/a/api'], [], ['x-a-api', 'y-a-api']],
    ['only those that are the same', ['a/api', 'b/api', 'b/web'], [], ['a-api', 'b-api', 'web']],
    ['a name that another project has is taken', ['apps/api'], ['api'], ['apps-api']],
    ['the root', ['.', 'a'], [], ['workspace', 'a']],
    ['one within the other', ['api', 'api/worker'], [], ['api', 'worker']],
  ])('%s', (_name, directories, taken, names) => {
    expect([...nameDirectories(directories, new Set(taken))]).toEqual(
      directories.map((directory, i) => [directory, names[i]]),
    );
  });

  it.each<[name: string, directories: string[], taken: string[]]>([
    ['a directory that is called as the parts of another one', ['a/b', 'a-b', 'x/b'], []],
    ['the root and a directory of its name', ['.', 'workspace'], []],
    ['nothing left', ['a'], ['a']],
  ])('a short hash where that does not do: %s', (_name, directories, taken) => {
    const names = [...nameDirectories(directories, new Set(taken)).values()];
    expect(names.some((name) => /-[0-9a-f]{6}$/.test(name))).toBe(true);
    expect(new Set(names).size).toBe(directories.length);
  });

  const part = fc.constantFrom('a', 'b', 'c', 'a-b', 'workspace');
  const directory = fc.oneof(
    { weight: 9, arbitrary: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')) },
    { weight: 1, arbitrary: fc.constant('.') },
  );
  const directories = fc.uniqueArray(directory, { maxLength: 8 });
  const taken = fc
    .array(fc.constantFrom('a', 'b', 'a-b', 'c-a', 'workspace'))
    .map((names) => new Set<string>(names));

  it('names are unique, and none is taken', () => {
    fc.assert(
      fc.property(directories, taken, (directories, taken) => {
        const names = [...nameDirectories(directories, taken).values()];
        expect(new Set(names).size).toBe(directories.length);
        expect(names.filter((name) => taken.has(name))).toEqual([]);
      }),
    );
  });

  it('the order of the directories does not matter', () => {
    const shuffled = directories.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, taken, ([directories, others], taken) => {
        expect(new Map([...nameDirectories(others, taken)].sort())).toEqual(
          new Map([...nameDirectories(directories, taken)].sort()),
        );
      }),
    );
  });

  it('no shorter name would be its own', () => {
    const endings = (directory: string): string[] =>
      directory === '.'
        ? ['workspace']
        : directory.split('/').map((_, i, parts) => parts.slice(-1 - i).join('-'));
    fc.assert(
      fc.property(directories, taken, (directories, taken) => {
        for (const [directory, name] of nameDirectories(directories, taken)) {
          const shorter = endings(directory).slice(0, Math.max(0, endings(directory).indexOf(name)));
          for (const other of shorter) {
            const claimed = directories.some(
              (other_) => other_ !== directory && endings(other_).includes(other),
            );
            expect(claimed || taken.has(other)).toBe(true);
          }
        }
      }),
    );
  });
});
