import { addDependencyLabels } from './dependency-labels';

const add = (text: string, ...images: string[]): string => addDependencyLabels(text, 'Containerfile', images);

it.each([
  ['after FROM', 'FROM scratch\nCOPY a /\n', 'FROM scratch\nLABEL dependency.api=""\nCOPY a /\n'],
  [
    'after those that are there',
    'FROM scratch\nLABEL dependency.web="^1"\nCOPY a /\n',
    'FROM scratch\nLABEL dependency.web="^1"\nLABEL dependency.api=""\nCOPY a /\n',
  ],
  [
    'after one over several lines',
    'FROM scratch\nLABEL a=b \\\n  "dependency.web"=""\n# why\nCOPY a /\n',
    'FROM scratch\nLABEL a=b \\\n  "dependency.web"=""\nLABEL dependency.api=""\n# why\nCOPY a /\n',
  ],
  [
    'in the last stage',
    'FROM a AS one\nLABEL dependency.web=""\nFROM scratch\n',
    'FROM a AS one\nLABEL dependency.web=""\nFROM scratch\nLABEL dependency.api=""\n',
  ],
  ['after a line without an end', 'FROM scratch', 'FROM scratch\nLABEL dependency.api=""\n'],
  [
    'with the line ends of the file',
    'FROM scratch\r\nUSER 1\r\n',
    'FROM scratch\r\nLABEL dependency.api=""\r\nUSER 1\r\n',
  ],
])('adds a label %s', (_, before, after) => {
  expect(add(before, 'api')).toBe(after);
});

it('adds several in the order in which they are given, and none at all', () => {
  expect(add('FROM scratch\n', 'web', 'api')).toBe(
    'FROM scratch\nLABEL dependency.web=""\nLABEL dependency.api=""\n',
  );
  expect(add('no container file')).toBe('no container file');
});

it('says where it is no container file', () => {
  expect(() => add('FROM scratch\nNONSENSE\n', 'api')).toThrow('Containerfile:2');
});
