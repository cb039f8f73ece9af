import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useDirectory } from '../../test/support/files';
import { keepParsed, parseAnew } from './parsed';

const directory = useDirectory();

/** What a parser would be, and how often it is called. */
function counted(value: unknown = { a: [1] }): { parse: () => unknown; calls: () => number } {
  let calls = 0;
  return {
    parse: () => {
      calls++;
      return value;
    },
    calls: () => calls,
  };
}

it('parses the same input once, run after run', () => {
  const { parse, calls } = counted();
  for (let run = 0; run < 3; run++)
    expect(keepParsed(directory())('file', 'text', parse)).toEqual({ a: [1] });
  expect(calls()).toBe(1);
});

it('parses another input anew, and keeps the latest', () => {
  const { parse, calls } = counted();
  const parsed = keepParsed(directory());
  for (const input of ['one', 'two', 'two', 'one']) parsed('file', input, parse);
  expect(calls()).toBe(3);
});

it('keeps files apart', () => {
  const parsed = keepParsed(directory());
  parsed('one', 'text', () => 1);
  expect(parsed('two', 'text', () => 2)).toBe(2);
  expect(parsed('one', 'text', () => 3)).toBe(1);
});

it('does not keep a mistake', () => {
  const parsed = keepParsed(directory());
  const fail = (): never => {
    throw new Error('line 1');
  };
  for (let run = 0; run < 2; run++) expect(() => parsed('file', 'text', fail)).toThrow('line 1');
  expect(parsed('file', 'text', () => 'mended')).toBe('mended');
});

it.each(['', '{', 'null', '[]', '{"key":1}'])('parses anew where what is kept is damaged: %j', (damaged) => {
  const { parse, calls } = counted();
  keepParsed(directory())('file', 'text', parse);
  writeFileSync(join(directory(), 'file.json'), damaged);
  expect(keepParsed(directory())('file', 'text', parse)).toEqual({ a: [1] });
  expect(calls()).toBe(2);
});

it('does without where nothing can be kept', () => {
  writeFileSync(join(directory(), 'no-directory'), '');
  expect(keepParsed(join(directory(), 'no-directory'))('file', 'text', () => 1)).toBe(1);
});

it('leaves nothing but the file', () => {
  keepParsed(directory())('file', 'text', () => 1);
  expect(readdirSync(directory())).toEqual(['file.json']);
  expect(JSON.parse(readFileSync(join(directory(), 'file.json'), 'utf8'))).toMatchObject({ value: 1 });
});

it('keeps nothing where it is not to', () => {
  const { parse, calls } = counted();
  for (let run = 0; run < 2; run++) parseAnew('file', 'text', parse);
  expect(calls()).toBe(2);
});
