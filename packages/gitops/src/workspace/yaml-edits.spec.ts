import { END, type Edit, editYaml } from './yaml-edits';

const set = (value: unknown, ...path: Edit['path']): Edit => ({ op: 'set', path, value });
const insert = (value: unknown, ...path: Edit['path']): Edit => ({ op: 'insert', path, value });
const remove = (...path: Edit['path']): Edit => ({ op: 'remove', path });
const rename = (value: string, ...path: Edit['path']): Edit => ({ op: 'rename', path, value });

it.each<[what: string, text: string, edit: Edit, result: string]>([
  ['a value', 'a: "x" # x\n', set('y', 'a'), 'a: y # x\n'],
  ['a value that is there', "a: 'x'\n", set('x', 'a'), "a: 'x'\n"],
  ['a value that needs quotes', 'a: x\n', set('y: # z', 'a'), 'a: "y: # z"\n'],
  ['a value of many words', 'a: x\n', set('y '.repeat(90).trim(), 'a'), `a: ${'y '.repeat(90).trim()}\n`],
  ['a value of two lines', 'a: x\n', set('y\nz', 'a'), 'a: "y\\nz"\n'],
  ['a key', 'a: x\n', set('y', 'b'), 'a: x\nb: y\n'],
  ['a key after a text of many lines', 'a: |\n  x\n  y\n', set('y', 'b'), 'a: |\n  x\n  y\nb: y\n'],
  ['a key that is a number', 'a: x\n', set('y', '7'), 'a: x\n"7": y\n'],
  ['a key in an item', '- a: x # x\n- b\n', set('y', 0, 'b'), '- a: x # x\n  b: y\n- b\n'],
  ['keys on the way', 'a: x\n', set('y', 'b', 'c', 'd'), 'a: x\nb:\n  c:\n    d: y\n'],
  ['keys on the way, in braces', 'a: { b: x }\n', set('y', 'a', 'c', 'd'), 'a: { b: x, c: { d: y } }\n'],
  ['to what is indented', '  a: x\n', set('y', 'b', 'c'), '  a: x\n  b:\n    c: y\n'],
  ['an item', 'a: [x, z]\n', insert('y', 'a', 1), 'a: [x, y, z]\n'],
  ['an item, last', 'a:\n- x\n# end\n', insert('y', 'a', END), 'a:\n- x\n- y\n# end\n'],
  [
    'an item with keys',
    'a:\n  - b: x\n',
    insert({ b: 'y', c: ['d'] }, 'a', 0),
    'a:\n  - b: y\n    c: [d]\n  - b: x\n',
  ],
  ['an item to what is empty', 'a: [ ]\n', insert('y', 'a', END), 'a: [y]\n'],
  ['an item to no list', 'b: c', insert({ x: 1, y: 2 }, 'a', END), 'b: c\na:\n  - x: 1\n    y: 2\n'],
  ['an item to no list, in braces', '{ b: c }', insert('y', 'a', END), '{ b: c, a: [y] }'],
  ['no item', 'a: [x, y]\n', remove('a', 0), 'a: [y]\n'],
  ['no item, the only one', 'a: # a\n  # b\n  - x # x\n', remove('a', 0), 'a: [] # a\n  # b\n'],
  ['no item, in brackets', 'a: [\n  # x\n  x,\n]\n', remove('a', 0), 'a: [\n  # x\n]\n'],
  [
    'no key, with a comment before it',
    'a: { b: c, # c\n  d: e }\n',
    remove('a', 'd'),
    'a: { b: c, # c\n   }\n',
  ],
  ['no key', 'a: x\nb: y # y\nc: z\n', remove('b'), 'a: x\nc: z\n'],
  ['no key, the only one after a comment', 'a: { # c\n  d: e }\n', remove('a', 'd'), 'a: { # c\n}\n'],
  ['no key, at the end', 'a: x\nb: y', remove('b'), 'a: x\n'],
  ['another key', '"a" : x\n', rename('b', 'a'), 'b : x\n'],
])('edits %s', (_, text, edit, result) => {
  expect(editYaml(text, 'f.yaml', [edit])).toBe(result);
});

it.each<[what: string, text: string, edit: Edit]>([
  ['through a text', 'a: x\n', set('y', 'a', 'b')],
  ['through nothing', 'a:\n', insert('y', 'a', 0)],
  ['an item of a mapping', 'a: { b: c }\n', insert('y', 'a', 0)],
  ['what is an alias', 'a: &x { b: c }\nd: *x\n', set('y', 'd', 'b')],
  ['what has aliases', 'a: &x { b: c }\nd: *x\n', set('y', 'a', 'b')],
  ['what is in the middle of a line', '- - a\n  - b\n', remove(0, 0)],
  ['the only key', 'a: x\n', remove('a')],
])('refuses %s', (_, text, edit) => {
  expect(() => editYaml(text, 'f.yaml', [edit])).toThrow(
    `f.yaml: ${edit.path[0]} cannot be edited as it is written; edit it by hand`,
  );
});

it('refuses what is not YAML', () => {
  expect(() => editYaml('a: [', 'f.yaml', [set('x', 'a')])).toThrow('f.yaml:1:5: it is not YAML');
});
