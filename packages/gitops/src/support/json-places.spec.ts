import { jsonPlaces, placeIn } from './json-places';

describe('jsonPlaces', () => {
  it('knows where each value starts, and of a member where its name does', () => {
    const text = '{"a/b": [1, {"~": null}],\n "c": "\\u0064\\""}';
    const { offsets, problem } = jsonPlaces(text);
    expect(problem).toBeUndefined();
    expect([...offsets].map(([pointer, offset]) => [pointer, text.slice(offset, offset + 3)])).toEqual([
      ['', '{"a'],
      ['/a~1b', '"a/'],
      ['/a~1b/0', '1, '],
      ['/a~1b/1', '{"~'],
      ['/a~1b/1/~0', '"~"'],
      ['/c', '"c"'],
    ]);
  });

  it.each(['{}', '[]', ' -0.5e+3 ', 'true', '"\\u00e4"', '[[], {"": {}}]', '{"a": 1, "a": 2}'])(
    'takes %s for JSON, as JSON.parse does',
    (text) => {
      JSON.parse(text);
      expect(jsonPlaces(text).problem).toBeUndefined();
    },
  );

  it.each([
    ['', 0],
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ['{a: 1}', 1],
    ['{"a": 1', 7],
    ['[1 2]', 3],
    ['[1,]', 3],
    ['{"a": 1} x', 9],
    ['{"a": 1} 2', 9],
    ['{"a": 01}', 7],
    ["{'a': 1}", 1],
    ['{"a": "b\n"}', 6],
    ['// no\n{}', 0],
    ['{\n<<<<<<< HEAD\n}', 2],
    ['{"a": truth}', 6],
    ['\uFEFF{}', 0],
  ])('finds where %j is not JSON: as JSON.parse, that it is not', (text, problem) => {
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(jsonPlaces(text).problem).toBe(problem);
  });
});

describe('placeIn', () => {
  it.each([
    [0, { line: 1, column: 1 }],
    [2, { line: 1, column: 3 }],
    [3, { line: 2, column: 1 }],
    [6, { line: 3, column: 2 }],
  ])('offset %s', (offset, place) => {
    expect(placeIn('ab\nc\nd', offset)).toEqual(place);
  });
});
