import { createTree } from '@nx/devkit/testing';
import addSchemaComment from './add-schema-comment';

const COMMENT = '# yaml-language-server: $schema=./node_modules/gitops/schemas/gitops.schema.json';

it.each([
  ['a file without it', 'project: shop\n', `${COMMENT}\nproject: shop\n`],
  ['a comment above', '# ours\nproject: shop\n', `${COMMENT}\n# ours\nproject: shop\n`],
  ['an empty file', '', `${COMMENT}\n`],
  ['Windows line ends', 'project: shop\r\nvendor: A\r\n', `${COMMENT}\r\nproject: shop\r\nvendor: A\r\n`],
  ['a byte order mark', '\uFEFFproject: shop\n', `\uFEFF${COMMENT}\nproject: shop\n`],
  ['a schema elsewhere', '# yaml-language-server: $schema=x.json\na: b\n', undefined],
  ['a schema further down', 'project: shop\n#yaml-language-server: $schema=x.json\n', undefined],
])('%s', (_name, before, after = before) => {
  const tree = createTree();
  tree.write('gitops.yaml', before);
  addSchemaComment(tree);
  expect(tree.read('gitops.yaml', 'utf8')).toBe(after);
  addSchemaComment(tree);
  expect(tree.read('gitops.yaml', 'utf8')).toBe(after);
});

it('makes no file', () => {
  const tree = createTree();
  addSchemaComment(tree);
  expect(tree.exists('gitops.yaml')).toBe(false);
});
