import { useDirectory, writeFiles } from '../../test/support/files';
import { GitopsError } from '../support/errors';
import type { BuildOptions } from './build-options';
import type { WorkspaceImage } from './image';
import type { Settings } from './settings';
import { Workspace } from './workspace';

const directory = useDirectory();
const SETTINGS: Settings = {
  project: 'acme/shop',
  store: 'oci:.gitops/store',
  rings: ['testers', 'users'],
  environments: {},
  sites: {},
  initialVersion: '0.1.0',
};
const DIGEST = `sha256:${'a'.repeat(64)}`;
const here = { file: 'Containerfile', line: 1 };

function image(name: string, options: Partial<BuildOptions> = {}): WorkspaceImage {
  return {
    name,
    project: `@acme/${name}`,
    projectRoot: `apps/${name}`,
    targetName: 'image-build',
    options: { containerfile: `apps/${name}/Containerfile`, ...options },
  };
}

/** A workspace of images by name, each with its container file. */
function workspace(files: Record<string, string>, settings: Partial<Settings> = {}): Workspace {
  const images = Object.keys(files).map((name) => image(name));
  writeFiles(
    directory(),
    Object.fromEntries(images.map(({ name, options }) => [options.containerfile, files[name]!])),
  );
  return new Workspace(directory(), { ...SETTINGS, ...settings }, images);
}

const named = (all: Workspace, name: string): WorkspaceImage =>
  all.images.find((image) => image.name === name)!;
const needs = (all: Workspace, name: string): string[] =>
  all
    .dependencies(named(all, name))
    .map(({ image, via, line, pinned }) => `${line} ${via} ${image.name}${pinned ? ' pinned' : ''}`);

describe('match', () => {
  const REGISTRY = { store: 'registry.acme.dev:5000' };
  const DEEP = { store: 'registry.acme.dev/team' };

  it.each<
    [name: string, reference: string, settings: Partial<Settings>, expected: 'follows' | 'pinned' | undefined]
  >([
    ['by its reference name', 'acme/shop/api', {}, 'follows'],
    ["with the store's host", 'registry.acme.dev:5000/acme/shop/api', REGISTRY, 'follows'],
    ["without the store's host", 'acme/shop/api', REGISTRY, 'follows'],
    ["with the store's host and path", 'registry.acme.dev/team/acme/shop/api', DEEP, 'follows'],
    ['with another host', 'other.dev/acme/shop/api', REGISTRY, undefined],
    ['with the host on another port', 'registry.acme.dev/acme/shop/api', REGISTRY, undefined],
    ['with a part of the path', 'registry.acme.dev/acme/shop/api', DEEP, undefined],
    ['by its name alone', 'api', {}, undefined],
    ['of another project', 'acme/other/api', {}, undefined],
    ['an image that is not there', 'acme/shop/web', {}, undefined],
    ['an image of that name of the world', 'docker.io/library/api', {}, undefined],
    ['latest', 'acme/shop/api:latest', {}, 'follows'],
    ['a ring', 'acme/shop/api:testers', {}, 'follows'],
    ['ante', 'acme/shop/api:ante', {}, 'follows'],
    ['post', 'acme/shop/api:post', {}, 'follows'],
    ['a tag that is no ring', 'acme/shop/api:developers', {}, 'pinned'],
    ['a version', 'acme/shop/api:1.2.3', {}, 'pinned'],
    ['a digest', `acme/shop/api@${DIGEST}`, {}, 'pinned'],
    ['a ring and a digest', `acme/shop/api:testers@${DIGEST}`, {}, 'pinned'],
    ['a version with host and port', 'registry.acme.dev:5000/acme/shop/api:1.2.3', REGISTRY, 'pinned'],
  ])('%s: %s', (_name, reference, settings, expected) => {
    const match = workspace({ api: 'FROM scratch' }, settings).match(reference, here);
    expect(match && (match.pinned ? 'pinned' : 'follows')).toBe(expected);
    if (match) expect(match.image.name).toBe('api');
  });

  it('says where there is no reference', () => {
    expect(() => workspace({ api: 'FROM scratch' }).match('Not A Reference', here)).toThrow(
      /^Containerfile:1: /,
    );
  });
});

describe('dependencies', () => {
  it.each<[name: string, containerfile: string, expected: string[]]>([
    ['none', 'FROM node:22', []],
    ['FROM', 'FROM acme/shop/base', ['1 FROM base']],
    ['COPY --from', 'FROM scratch\nCOPY --from=acme/shop/base / /', ['2 --from base']],
    ['a mount', 'FROM scratch\nRUN --mount=from=acme/shop/base,target=/x y', ['2 --from base']],
    ['a label', 'FROM scratch\nLABEL dependency.base="^1"', ['2 label base']],
    ['a label of another image', 'FROM scratch\nLABEL dependency.nobody=1', []],
    ['a variable', 'ARG NAME=base\nFROM acme/shop/$NAME', ['2 FROM base']],
    ['pinned', 'FROM acme/shop/base:1.0.0', ['1 FROM base pinned']],
    [
      'all of them',
      'FROM acme/shop/base AS a\nFROM acme/shop/tools:2.0.0\nCOPY --from=a / /\nLABEL dependency.base= dependency.tools=',
      ['1 FROM base', '2 FROM tools pinned', '4 label base', '4 label tools'],
    ],
    ['not of a stage that is not needed', 'FROM acme/shop/base\nFROM scratch', []],
    [
      'a label of the stage that it is made from',
      'FROM scratch AS a\nLABEL dependency.base=\nFROM a',
      ['2 label base'],
    ],
    [
      'no label of a stage that is only copied from',
      'FROM scratch AS a\nLABEL dependency.base=\nFROM scratch\nCOPY --from=a / /',
      [],
    ],
  ])('%s', (_name, containerfile, expected) => {
    expect(
      needs(workspace({ app: containerfile, base: 'FROM scratch', tools: 'FROM scratch' }), 'app'),
    ).toEqual(expected);
  });

  it('ingredients are what goes into the image, once each: no label, nothing pinned', () => {
    const all = workspace({
      app: 'FROM acme/shop/base\nCOPY --from=acme/shop/base / /\nCOPY --from=acme/shop/tools:1.0.0 / /\nLABEL dependency.web=',
      base: 'FROM scratch',
      tools: 'FROM scratch',
      web: 'FROM scratch',
    });
    expect(all.ingredients(named(all, 'app')).map(({ name }) => name)).toEqual(['base']);
  });

  it('says what is wrong with a container file each time it is asked', () => {
    const all = workspace({ app: 'FROM scratch\nCOPY' });
    for (let i = 0; i < 2; i++)
      expect(() => all.dependencies(named(all, 'app'))).toThrow(/^apps\/app\/Containerfile:2: /);
  });

  it('says so where there is no container file', () => {
    const all = new Workspace(directory(), SETTINGS, [image('app')]);
    expect(() => all.analysis(all.images[0]!)).toThrow(
      new GitopsError('it cannot be read (ENOENT)', { file: 'apps/app/Containerfile' }),
    );
  });

  it('takes build arguments, target and platforms from the options', () => {
    const containerfile = 'ARG NAME=web\nFROM acme/shop/$NAME AS one\nFROM acme/shop/tools-$TARGETARCH';
    writeFiles(directory(), { 'apps/app/Containerfile': containerfile });
    const others = ['web', 'base', 'tools-arm64', 'tools-amd64'].map((name) => image(name));
    const uses = (options: Partial<BuildOptions>): string[] => {
      const app = image('app', options);
      return new Workspace(directory(), SETTINGS, [app, ...others])
        .dependencies(app)
        .map(({ image }) => image.name);
    };
    expect(uses({})).toEqual(['tools-amd64']);
    expect(uses({ platforms: ['linux/arm64', 'linux/amd64'] })).toEqual(['tools-arm64', 'tools-amd64']);
    expect(uses({ target: 'one' })).toEqual(['web']);
    expect(uses({ target: 'one', buildArgs: ['NAME=base'] })).toEqual(['base']);
  });
});

describe('circle', () => {
  const path = (all: Workspace, name: string): string | undefined =>
    all
      .circle(named(all, name))
      ?.map((image) => image.name)
      .join(' → ');

  it.each<[name: string, files: Record<string, string>, circles: Record<string, string | undefined>]>([
    ['none', { a: 'FROM acme/shop/b', b: 'FROM scratch' }, { a: undefined, b: undefined }],
    ['itself', { a: 'FROM acme/shop/a' }, { a: 'a → a' }],
    ['two', { a: 'FROM acme/shop/b', b: 'FROM acme/shop/a' }, { a: 'a → b → a', b: 'b → a → b' }],
    [
      'three, and one that needs them',
      {
        a: 'FROM acme/shop/b',
        b: 'FROM scratch\nCOPY --from=acme/shop/c / /',
        c: 'FROM acme/shop/a',
        d: 'FROM acme/shop/a',
      },
      { a: 'a → b → c → a', c: 'c → a → b → c', d: undefined },
    ],
    [
      'a diamond is none',
      {
        a: 'FROM acme/shop/b\nCOPY --from=acme/shop/c / /',
        b: 'FROM acme/shop/d',
        c: 'FROM acme/shop/d',
        d: 'FROM scratch',
      },
      { a: undefined },
    ],
    [
      'a label makes none',
      { a: 'FROM acme/shop/b', b: 'FROM scratch\nLABEL dependency.a=' },
      { a: undefined, b: undefined },
    ],
    [
      'a pinned version makes none',
      { a: 'FROM acme/shop/b', b: 'FROM acme/shop/a:1.0.0' },
      { a: undefined, b: undefined },
    ],
    ['a broken file on the way makes none', { a: 'FROM acme/shop/b', b: 'COPY' }, { a: undefined }],
  ])('%s', (_name, files, circles) => {
    const all = workspace(files);
    for (const [name, circle] of Object.entries(circles)) expect(path(all, name)).toBe(circle);
  });
});

describe('names', () => {
  const claiming = (): Workspace => {
    writeFiles(directory(), {
      'apps/api/Containerfile': 'FROM scratch',
      'apps/app/Containerfile': 'FROM acme/shop/api',
    });
    const other = { ...image('other'), name: 'api' };
    return new Workspace(directory(), SETTINGS, [image('api'), other, image('app')]);
  };
  const CLAIMED =
    'the image name api is claimed by apps/api/Containerfile (project @acme/api) and apps/other/Containerfile (project @acme/other)';
  const REMEDY = 'rename one of the projects, or give one the option image';

  it('that two projects claim: either is told, with both files', () => {
    const all = claiming();
    for (const [i, file] of [
      [0, 'apps/api/Containerfile'],
      [1, 'apps/other/Containerfile'],
    ] as const)
      expect(() => all.checkName(all.images[i]!)).toThrow(new GitopsError(CLAIMED, { file }, REMEDY));
    expect(() => all.checkName(all.images[2]!)).not.toThrow();
  });

  it('that two projects claim: who uses one is told at the line', () => {
    const all = claiming();
    expect(() => all.dependencies(all.images[2]!)).toThrow(
      new GitopsError(CLAIMED, { file: 'apps/app/Containerfile', line: 1 }, REMEDY),
    );
  });

  it('that no registry takes are told', () => {
    const all = new Workspace(directory(), SETTINGS, [image('Not a name', { containerfile: 'x' })]);
    expect(() => all.checkName(all.images[0]!)).toThrow(/^x: .* is not a repository name/);
  });
});

describe('outputs', () => {
  it.each<[name: string, path: string, message: RegExp | undefined]>([
    ['a directory', 'out/api', undefined],
    ['a name that starts with dots', '..out', undefined],
    ['the workspace', '.', /is not inside the workspace/],
    ['above it', '../out', /is not inside the workspace/],
    ['above it by a detour', 'a/../../out', /is not inside the workspace/],
    ['an absolute path', '/out', /is not inside the workspace/],
    [
      "another image's",
      './dist/apps/web/image/',
      /is that of apps\/web\/Containerfile too; choose another one/,
    ],
  ])('%s', (_name, outputPath, message) => {
    const all = new Workspace(directory(), SETTINGS, [image('api', { outputPath }), image('web')]);
    const check = (): void => all.checkOutput(all.images[0]!);
    if (message) expect(check).toThrow(message);
    else expect(check).not.toThrow();
  });
});
