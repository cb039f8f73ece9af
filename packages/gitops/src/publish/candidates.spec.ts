import { named, workspaceOf } from '../../test/publish/workspaces';
import { useDirectory } from '../../test/support/files';
import type { Revision } from '../revision/revision';
import type { Workspace } from '../workspace/workspace';
import { candidateOf, followed, inOrder, withDependencies } from './candidates';

const directory = useDirectory();
const REVISION: Revision = { hash: 'abc', instructions: '', locked: new Map(), files: new Map() };
const DIGEST = `sha256:${'a'.repeat(64)}`;

function workspace(containerfiles: Record<string, string>): Workspace {
  const scratch = { base: 'FROM scratch\n', cache: 'FROM scratch\n' };
  return workspaceOf(directory(), { ...scratch, ...containerfiles });
}

/** `base ^1 @2`: an image, the range of it, and the line that says so. */
function needs(containerfile: string): string[] {
  const all = workspace({ api: containerfile });
  return candidateOf(all, named(all, 'api'), REVISION).needs.map(
    ({ image, range, place }) => `${image}${range === undefined ? '' : ` ${range}`} @${place.line}`,
  );
}

const names = (images: readonly { name: string }[]): string[] => images.map(({ name }) => name);

describe('a candidate', () => {
  it('has the name of its image and the revision of its sources', () => {
    const all = workspace({ api: 'FROM scratch\n' });
    expect(candidateOf(all, named(all, 'api'), REVISION)).toEqual({
      image: 'api',
      revision: 'abc',
      needs: [],
    });
  });

  it.each<[name: string, containerfile: string, needs: string[]]>([
    ['nothing', 'FROM scratch\n', []],
    ['its base', 'FROM acme/shop/base\n', ['base @1']],
    ['what it copies from', 'FROM scratch\nCOPY --from=acme/shop/cache / /\n', ['cache @2']],
    ['what a mount is from', 'FROM alpine\nRUN --mount=from=acme/shop/cache true\n', ['cache @2']],
    ['what a label names, in a range', 'FROM scratch\nLABEL dependency.base="^1"\n', ['base ^1 @2']],
    ['in any version', 'FROM scratch\nLABEL dependency.base=""\n', ['base  @2']],
    [
      'its base in the range of a label, once',
      'FROM acme/shop/base\nLABEL dependency.base="^1"\n',
      ['base ^1 @2'],
    ],
    [
      'once what it names twice',
      'FROM acme/shop/base\nCOPY --from=acme/shop/base /a /\nCOPY --from=acme/shop/base /b /\n',
      ['base @3'],
    ],
    ['what is called as a ring', 'FROM acme/shop/base:testers\n', ['base @1']],
    ['not what is pinned to a version', 'FROM acme/shop/base:1.0.0\n', []],
    ['not what is pinned to a digest', `FROM acme/shop/base@${DIGEST}\n`, []],
    [
      'what is pinned, where a label follows it',
      'FROM acme/shop/base:1.0.0\nLABEL dependency.base="*"\n',
      ['base * @2'],
    ],
    ['not what is no image of the workspace', 'FROM alpine\nLABEL dependency.other="*"\n', []],
    [
      'in the range of the last of two labels',
      'FROM scratch\nLABEL dependency.base="^1"\nLABEL dependency.base="^2"\n',
      ['base ^2 @3'],
    ],
    [
      'in the range of its own label, rather than of the stage it goes on from',
      'FROM scratch AS first\nLABEL dependency.base="^1"\nFROM first\nLABEL dependency.base="^2"\n',
      ['base ^2 @4'],
    ],
    [
      'not what the label of another stage names',
      'FROM scratch AS first\nLABEL dependency.base="^1"\nFROM scratch\nCOPY --from=first / /\n',
      [],
    ],
  ])('needs %s', (_name, containerfile, expected) => {
    expect(needs(containerfile)).toEqual(expected);
  });
});

describe('the order of images', () => {
  const shop = () =>
    workspace({
      root: 'FROM scratch\nLABEL dependency.web="*" dependency.api="*"\n',
      web: 'FROM acme/shop/api\nCOPY --from=acme/shop/cache / /\n',
      api: 'FROM acme/shop/base\n',
      pinned: 'FROM acme/shop/api:1.0.0\n',
    });

  it('has what an image needs before it', () => {
    const all = shop();
    expect(names(withDependencies(all, [named(all, 'root')]))).toEqual([
      'base',
      'api',
      'cache',
      'web',
      'root',
    ]);
  });

  it('may leave out what is not asked for', () => {
    const all = shop();
    const wanted = ['root', 'cache', 'base', 'web'].map((name) => named(all, name));
    expect(names(inOrder(all, wanted))).toEqual(['base', 'cache', 'web', 'root']);
  });

  it('takes no notice of what is pinned', () => {
    const all = shop();
    expect(names(withDependencies(all, [named(all, 'pinned')]))).toEqual(['pinned']);
    expect(followed(all, named(all, 'pinned'))).toEqual([]);
  });

  it.each<[name: string, containerfiles: Record<string, string>, circle: string]>([
    ['FROM', { a: 'FROM acme/shop/b\n', b: 'FROM acme/shop/a\n' }, 'a → b → a'],
    [
      'a label',
      { a: 'FROM acme/shop/b\n', b: 'FROM acme/shop/c\n', c: 'FROM scratch\nLABEL dependency.a="*"\n' },
      'a → b → c → a',
    ],
    ['a label that names the image itself', { a: 'FROM scratch\nLABEL dependency.a="*"\n' }, 'a → a'],
    [
      'labels, met from outside',
      {
        top: 'FROM acme/shop/a\n',
        a: 'FROM scratch\nLABEL dependency.b="*"\n',
        b: 'FROM scratch\nLABEL dependency.a="*"\n',
      },
      'a → b → a',
    ],
  ])('says where there is none, for the images need each other: by %s', (_name, containerfiles, circle) => {
    const all = workspace(containerfiles);
    const [first] = Object.keys(containerfiles);
    expect(() => inOrder(all, [named(all, first!)])).toThrow(
      new RegExp(
        `^[ab]/Containerfile: no version can be decided, for the images need each other: ${circle}; take one of these out of the circle$`,
      ),
    );
  });
});
