import fc from 'fast-check';
import { repositoryName } from '../oci/names';
import { contextRoot, imageName, outputPath, referenceName } from './image';
import { repositoryPath } from './settings';

describe('imageName', () => {
  it.each([
    ['api', '', 'api'],
    ['@acme/api', '', 'api'],
    ['@acme/api', 'worker', 'api-worker'],
    ['@acme/shop/api', '', 'shop/api'],
    ['API', '', 'api'],
    ['my api', '', 'my-api'],
    ['libs/api', '', 'libs/api'],
    ['@acme', '', 'acme'],
    ['.', '', 'workspace'],
    ['é', '', 'workspace'],
  ])('%s with the suffix "%s" is %s', (project, suffix, name) => {
    expect(imageName(project, suffix)).toBe(name);
  });

  it('is a name that every registry takes, whatever the project is called', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('a', 'B', '.', '_', '-', '/', '@', ' ', '1') }),
    );
    fc.assert(
      fc.property(text, (project) => {
        expect(() => repositoryName(imageName(project))).not.toThrow();
        expect(() => repositoryName(imageName(project, 'worker'))).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});

describe('repositoryPath', () => {
  it.each([
    ['@acme/shop', 'acme/shop'],
    ['Acme Shop', 'acme-shop'],
    ['a.b_c-d', 'a.b_c-d'],
    ['a..b', 'a-b'],
    ['a__b', 'a__b'],
    ['a___b', 'a-b'],
    ['a._b', 'a-b'],
    ['a--b', 'a--b'],
    ['-a-', 'a'],
    ['a//b/', 'a/b'],
    ['/', 'workspace'],
  ])('%s is %s', (name, path) => {
    expect(repositoryPath(name)).toBe(path);
  });

  it('leaves a name of a repository as it is', () => {
    const part = fc
      .tuple(
        fc.constantFrom('a', 'b1'),
        fc.constantFrom('', '.', '_', '__', '-', '---'),
        fc.constantFrom('c', '2'),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
        expect(repositoryPath(parts.join('/'))).toBe(parts.join('/'));
      }),
    );
  });
});

describe('where an image is', () => {
  const image = (projectRoot: string, options: object = {}) => ({
    name: 'api',
    projectRoot,
    options: { containerfile: `${projectRoot}/Containerfile`, ...options },
  });

  it.each<[projectRoot: string, options: object, path: string]>([
    ['apps/api', {}, 'dist/apps/api/image'],
    ['.', { containerfile: 'Containerfile' }, 'dist/image'],
    ['apps/api', { containerfile: 'apps/api/Containerfile.worker' }, 'dist/apps/api/image-worker'],
    ['apps/api', { containerfile: 'apps/api/odd-name' }, 'dist/apps/api/image'],
    ['apps/api', { outputPath: 'out/x' }, 'out/x'],
  ])('the output of %s with %j', (projectRoot, options, path) => {
    expect(outputPath(image(projectRoot, options))).toBe(path);
  });

  it.each<[context: string | undefined, root: string]>([
    [undefined, 'apps/api'],
    ['project', 'apps/api'],
    ['workspace', '.'],
  ])('the context "%s"', (context, root) => {
    expect(contextRoot(image('apps/api', { context }))).toBe(root);
  });

  it('its reference name', () => {
    expect(referenceName(image('.'), { project: 'acme/shop' })).toBe('acme/shop/api');
  });
});
