import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Recipe, digests, revision } from '../../test/support/build';
import {
  type FileSpec,
  type Files,
  makeDirectory,
  removeDirectory,
  useDirectory,
  writeFiles,
} from '../../test/support/files';
import { isRoot } from '../../test/support/unprivileged';
import { GitopsError } from '../support/errors';

const directory = useDirectory();
const at = (path: string): string => join(directory(), 'context', path);

const FILES: Files = {
  'package.json': '{}',
  'src/main.ts': 'main',
  'src/lib/one.ts': 'one',
  'src/run': { content: '#!/bin/sh', mode: 0o755 },
  'src/link': { link: 'main.ts' },
  'src/debug.log': 'ignored',
  'README.md': 'not copied',
  link: { link: 'package.json' },
  other: '{}',
};

const CONTAINERFILE = `ARG BASE=scratch
ARG UNUSED=1
FROM scratch AS unneeded
ARG LATER=1
COPY README.md /
FROM $BASE AS tools
COPY package.json /tools/
FROM $BASE
ARG VERSION=1
ENV VERSION=$VERSION
COPY src /app
COPY --from=tools /tools /tools
COPY link /linked.json
CMD ["/app/run"]
`;

const recipe = (): Recipe => ({
  root: join(directory(), 'context'),
  containerfile: CONTAINERFILE,
  ignore: '**/*.log\n',
});

const edited = (from: string, to: string): Partial<Recipe> => {
  expect(CONTAINERFILE).toContain(from);
  return { containerfile: CONTAINERFILE.replace(from, to) };
};

/** Makes a change to the context, or says what of the recipe changes. */
type Change = () => Partial<Recipe> | void;

async function afterChange(change: Change) {
  writeFiles(at(''), FILES);
  const before = [revision(recipe()).hash, await digests(recipe())];
  const changed = { ...recipe(), ...change() };
  const after = [revision(changed).hash, await digests(changed)];
  return { revisionChanged: before[0] !== after[0], imageChanged: String(before[1]) !== String(after[1]) };
}

describe('a revision', () => {
  it.each<[name: string, change: Change]>([
    ['nothing', () => undefined],
    ['times', () => ['src', 'src/main.ts', 'package.json'].forEach((path) => utimesSync(at(path), 1, 1))],
    ['what others may do with a file', () => chmodSync(at('src/main.ts'), 0o666)],
    [
      'a umask',
      () => (
        chmodSync(at('src/main.ts'), 0o600),
        chmodSync(at('src'), 0o700),
        chmodSync(at('src/run'), 0o700)
      ),
    ],
    ['who else may run a file', () => chmodSync(at('src/main.ts'), 0o655)],
    [
      'owners (changed by root alone)',
      () => void (isRoot && ['src', 'src/main.ts'].forEach((path) => chownSync(at(path), 12, 34))),
    ],
    [
      'the checkout',
      () => (
        cpSync(at(''), join(directory(), 'elsewhere/deep'), { recursive: true, verbatimSymlinks: true }),
        { root: join(directory(), 'elsewhere/deep') }
      ),
    ],
    [
      'the order in which files were made',
      () => (
        rmSync(at(''), { recursive: true }),
        writeFiles(at(''), Object.fromEntries(Object.entries(FILES).reverse())),
        undefined
      ),
    ],
    [
      'the place of an inode',
      () => (cpSync(at('src/main.ts'), at('copy')), renameSync(at('copy'), at('src/main.ts'))),
    ],
    ['a file that is ignored', () => writeFileSync(at('src/debug.log'), 'changed')],
    ['another file that is ignored', () => writeFileSync(at('src/new.log'), '')],
    ['a file that no COPY takes', () => writeFileSync(at('README.md'), 'changed')],
    ['another file that no COPY takes', () => writeFileSync(at('NOTES'), '')],
    ['the ignore file, where it leaves out the same', () => ({ ignore: '# logs\n\n**/*.log\nNOTES\n' })],
    ['a comment', () => edited('CMD', '# runs it\nCMD')],
    ['a blank line', () => edited('CMD', '\n\nCMD')],
    ['a continuation', () => edited('COPY src /app', 'COPY \\\n  # the sources\n\n   src   \\\n   /app  ')],
    ['line ends', () => ({ containerfile: CONTAINERFILE.replaceAll('\n', '\r\n') })],
    ['a stage that is not needed', () => edited('COPY README.md /', 'COPY package.json /x\nENV a=b')],
    [
      'a further stage that is not needed',
      () => edited('FROM $BASE AS tools', 'FROM scratch AS more\nCOPY . /\nFROM $BASE AS tools'),
    ],
    ['the value of an ARG that no needed stage takes', () => ({ buildArgs: { LATER: '2', NONE: '3' } })],
    ['the default of an ARG that no needed stage takes', () => edited('ARG UNUSED=1', 'ARG UNUSED=2')],
    ['the value of an ARG, where it is the default', () => ({ buildArgs: { VERSION: '1' } })],
    ['another spelling of the platform', () => ({ platforms: ['Linux/x86_64'] })],
  ])('stays, and so does the image, whatever changes of: %s', async (_name, change) => {
    expect(await afterChange(change)).toEqual({ revisionChanged: false, imageChanged: false });
  });

  it.each<[name: string, change: Change]>([
    ['the content of a file', () => writeFileSync(at('src/main.ts'), 'niam')],
    ['the content of a file that another stage takes', () => writeFileSync(at('package.json'), '[]')],
    ['a name', () => renameSync(at('src/main.ts'), at('src/index.ts'))],
    ['the name of a directory', () => renameSync(at('src/lib'), at('src/bil'))],
    ['whether its owner may run a file', () => chmodSync(at('src/main.ts'), 0o744)],
    ['where a link leads', () => (rmSync(at('src/link')), symlinkSync('run', at('src/link')))],
    ['how a link is written', () => (rmSync(at('src/link')), symlinkSync('./main.ts', at('src/link')))],
    [
      'where a link leads that is followed',
      () => (rmSync(at('link')), symlinkSync('src/main.ts', at('link'))),
    ],
    ['a link in place of a file', () => (rmSync(at('src/main.ts')), symlinkSync('run', at('src/main.ts')))],
    ['a file in place of a link', () => (rmSync(at('src/link')), writeFileSync(at('src/link'), 'main'))],
    ['a directory in place of a file', () => (rmSync(at('src/main.ts')), mkdirSync(at('src/main.ts')))],
    ['a further file', () => writeFileSync(at('src/new.ts'), '')],
    ['a further directory', () => mkdirSync(at('src/empty'))],
    ['a file less', () => rmSync(at('src/lib/one.ts'))],
    [
      'contents of two files, swapped',
      () => (writeFileSync(at('src/main.ts'), 'one'), writeFileSync(at('src/lib/one.ts'), 'main')),
    ],
    ['a file that is not ignored any more', () => ({ ignore: '' })],
    ['a file that is ignored now', () => ({ ignore: '**/*.log\nsrc/lib\n' })],
    ['an exception of the ignore file', () => ({ ignore: '**/*.log\n!src/debug.log\n' })],
    ['an instruction', () => edited('CMD ["/app/run"]', 'CMD ["/app/run", "--fast"]')],
    [
      'an instruction of a stage that is needed',
      () => edited('COPY package.json /tools/', 'COPY package.json /tools/x/'),
    ],
    [
      'the order of instructions',
      () => edited('COPY link /linked.json\nCMD ["/app/run"]', 'CMD ["/app/run"]\nCOPY link /linked.json'),
    ],
    ['the default of an ARG in use', () => edited('ARG VERSION=1', 'ARG VERSION=2')],
    ['the value of an ARG in use', () => ({ buildArgs: { VERSION: '2' } })],
    ['an ARG in use that is empty', () => ({ buildArgs: { VERSION: '' } })],
    ['the target', () => ({ target: 'tools' })],
    ['the platform', () => ({ platforms: ['linux/arm64'] })],
    ['a further platform', () => ({ platforms: ['linux/amd64', 'linux/arm64'] })],
  ])('changes, and so does the image, with: %s', async (_name, change) => {
    expect(await afterChange(change)).toEqual({ revisionChanged: true, imageChanged: true });
  });

  describe.each<[name: string, before: Partial<Recipe>, after: Partial<Recipe>]>([
    [
      'a value that only one of two stages takes, before one that the other one sets',
      {
        containerfile: 'ARG X=1\nFROM scratch AS a\nARG X\nENV x=$X\nFROM a\nARG X=3\nENV y=$X',
      },
      {
        containerfile: 'ARG X=2\nFROM scratch AS a\nARG X\nENV x=$X\nFROM a\nARG X=3\nENV y=$X',
      },
    ],
    [
      'an instruction of the stage that only the second platform needs',
      {
        platforms: ['linux/amd64', 'linux/arm64'],
        containerfile:
          'FROM scratch AS base-amd64\nFROM scratch AS base-arm64\nENV a=1\nFROM base-$TARGETARCH\nCOPY src /',
      },
      {
        platforms: ['linux/amd64', 'linux/arm64'],
        containerfile:
          'FROM scratch AS base-amd64\nFROM scratch AS base-arm64\nENV a=2\nFROM base-$TARGETARCH\nCOPY src /',
      },
    ],
    [
      'a heredoc',
      { containerfile: 'FROM scratch\nCOPY <<E /x\n1\nE\n' },
      { containerfile: 'FROM scratch\nCOPY <<E /x\n2\nE\n' },
    ],
    ['a label', { containerfile: 'FROM scratch\nLABEL a=1' }, { containerfile: 'FROM scratch\nLABEL a=2' }],
    [
      'a flag',
      { containerfile: 'FROM scratch\nCOPY src /' },
      { containerfile: 'FROM scratch\nCOPY --chown=1 src /' },
    ],
    [
      'the escape character',
      { containerfile: 'FROM scratch\nENV a=a\\$b' },
      { containerfile: '#escape=`\nFROM scratch\nENV a=a\\$b' },
    ],
  ])('changes with %s', (_name, before, after) => {
    it('and so does the image', async () => {
      writeFiles(at(''), FILES);
      const [one, other] = [
        { ...recipe(), ...before },
        { ...recipe(), ...after },
      ];
      expect(revision(one).hash).not.toBe(revision(other).hash);
      expect(await digests(one)).not.toEqual(await digests(other));
    });
  });

  it('changes with the text of a link that one COPY follows and another one takes', async () => {
    const both = { ...recipe(), containerfile: 'FROM scratch\nCOPY . /all/\nCOPY link /one\n' };
    writeFiles(at(''), { file: 'x', link: { link: 'file' } });
    const before = [revision(both).hash, await digests(both)];
    rmSync(at('link'));
    symlinkSync('./file', at('link'));
    expect(revision(both).hash).not.toBe(before[0]);
    expect(await digests(both)).not.toEqual(before[1]);
  });

  it('names every file that takes part, sorted by its bytes', () => {
    writeFiles(at(''), FILES);
    expect(
      [...revision(recipe()).files].map(([path, what]) => [path, what.replace(/[0-9a-f]{64}/, 'sha256')]),
    ).toEqual([
      ['link', 'link "package.json"'],
      ['package.json', 'file sha256'],
      ['src', 'directory'],
      ['src/lib', 'directory'],
      ['src/lib/one.ts', 'file sha256'],
      ['src/link', 'symlink "main.ts"'],
      ['src/main.ts', 'file sha256'],
      ['src/run', 'executable sha256'],
    ]);
  });

  it('says where a source cannot be read', () => {
    writeFiles(at(''), { a: { link: 'b' }, b: { link: 'a' } });
    const circle = { ...recipe(), containerfile: 'FROM scratch\n\nCOPY a /\n' };
    expect(() => revision(circle)).toThrow(
      new GitopsError('the symbolic links at a go in a circle', { file: 'Containerfile', line: 3 }),
    );
  });
});

describe('of any two contexts and container files', () => {
  const name = fc.constantFrom('a', 'b', 'c.ts', 'd.log');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const spec = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        content: fc.constantFrom('', 'x', 'y'),
        mode: fc.constantFrom(0o644, 0o600, 0o755, 0o711),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ link: fc.constantFrom('a', './a', 'b/../a', 'b/c.ts', '/not/there', 'gone') }),
    },
    { weight: 1, arbitrary: fc.constant({ directory: true as const }) },
  );
  const tree: fc.Arbitrary<Files> = fc
    .uniqueArray(fc.tuple(path, spec), { maxLength: 6, selector: ([path]) => path })
    .map((entries) =>
      // Nothing is in a file.
      Object.fromEntries(
        entries.filter(
          ([path]) =>
            !entries.some(([other, spec]) => path.startsWith(`${other}/`) && !('directory' in spec)),
        ),
      ),
    );
  const mutation = fc.oneof(
    fc.tuple(fc.constant('put' as const), path, spec),
    fc.tuple(fc.constant('remove' as const), path, fc.constant(undefined)),
    fc.tuple(fc.constant('touch' as const), path, fc.constant(undefined)),
  );
  const ignore = fc.constantFrom('', '**/*.log', 'a/b', '*\n!a', '**\n!**/c.ts');
  const sources = (...lists: string[]) =>
    fc.subarray(lists, { minLength: 1 }).map((lines) => ['FROM scratch', ...lines].join('\n'));

  type Mutation = readonly [kind: 'put' | 'remove' | 'touch', path: string, spec: FileSpec | undefined];

  function mutate(root: string, [kind, path, spec]: Mutation): void {
    const parents = path
      .split('/')
      .slice(0, -1)
      .map((_, i, parts) => join(root, ...parts.slice(0, i + 1)));
    const target = join(root, path);
    try {
      // Nothing is changed through a link, wherever it may lead.
      if (parents.some((parent) => lstatSync(parent, { throwIfNoEntry: false })?.isSymbolicLink())) return;
      if (kind === 'touch') return lutimesSync(target, 1, 1);
      rmSync(target, { recursive: true, force: true });
      if (spec) writeFiles(root, { [path]: spec });
    } catch {
      // There is no such file, or a file is in the way: then nothing has changed.
    }
  }

  /** Whether revision and image change with a mutation; undefined where either cannot be built. */
  async function compare(files: Files, change: Mutation, recipe: Omit<Recipe, 'root'>) {
    const root = makeDirectory();
    try {
      const one = { ...recipe, root: writeFiles(join(root, 'one'), files) };
      const other = { ...recipe, root: writeFiles(join(root, 'other'), files) };
      mutate(other.root, change);
      const images = [await digests(one), await digests(other)].map(String);
      return { revision: revision(one).hash !== revision(other).hash, image: images[0] !== images[1] };
    } catch (error) {
      if (error instanceof GitopsError) return undefined;
      throw error;
    } finally {
      removeDirectory(root);
    }
  }

  it('the revision changes if the image does, and only then', async () => {
    // Each of these puts every file that it takes at a place of its own, under its own name.
    const containerfile = sources('COPY . /all/', 'COPY --parents **/c.ts /c/', 'COPY --exclude=*.ts . /x/');
    await fc.assert(
      fc.asyncProperty(
        tree,
        mutation,
        ignore,
        containerfile,
        async (files, change, ignore, containerfile) => {
          const changed = await compare(files, change, { containerfile, ignore });
          if (changed) expect(changed.revision).toBe(changed.image);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('the revision changes if the image does, where a COPY hides what another one put down', async () => {
    const containerfile = sources(
      'COPY a* /a/',
      'COPY a b* /x/',
      'COPY b /b',
      'COPY a/b c.ts* /y/',
      'COPY ?.ts /a/',
      'ADD a* /z/',
    );
    await fc.assert(
      fc.asyncProperty(
        tree,
        mutation,
        ignore,
        containerfile,
        async (files, change, ignore, containerfile) => {
          const changed = await compare(files, change, { containerfile, ignore });
          if (changed?.image) expect(changed.revision).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});
