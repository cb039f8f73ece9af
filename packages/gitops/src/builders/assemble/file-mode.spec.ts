import fc from 'fast-check';
import { GitopsError } from '../../support/errors';
import { fileMode } from './file-mode';

const FILE = 0o644;
const PROGRAM = 0o755;

describe('fileMode', () => {
  it.each<[text: string, mode: number, isDirectory: boolean, expected: number]>([
    ['755', FILE, false, 0o755],
    ['0600', PROGRAM, false, 0o600],
    ['0', PROGRAM, false, 0],
    ['7', PROGRAM, false, 0o007],
    ['4755', FILE, false, 0o4755],
    ['1777', FILE, true, 0o1777],
    ['755', 0o4644, false, 0o755],
    ['755', FILE, true, 0o755],
    ['u+x', FILE, false, 0o744],
    ['+x', FILE, false, 0o755],
    ['a+x', FILE, false, 0o755],
    ['ug+x', FILE, false, 0o754],
    ['ugo+x', FILE, false, 0o755],
    ['go-r', FILE, false, 0o600],
    ['a-x', PROGRAM, false, 0o644],
    ['u=rwx', FILE, false, 0o744],
    ['u=rwX,go=rX', FILE, false, 0o644],
    ['u=rwX,go=rX', 0o700, false, 0o755],
    ['u=rwX,go=rX', 0o600, true, 0o755],
    ['a=X', FILE, false, 0],
    ['+X', FILE, false, 0o644],
    ['+X', 0o645, false, 0o755],
    ['o=', 0o666, false, 0o660],
    ['=', 0o777, false, 0],
    ['a=', 0o777, true, 0],
    ['u=r,u+w', 0, false, 0o600],
    ['u-w,u+w', 0o600, false, 0o600],
    ['u+xX', 0o600, false, 0o700],
    ['u+', 0o600, false, 0o600],
    // What is beyond the nine bits stays.
    ['go-w', 0o4777, false, 0o4755],
    ['a=r', 0o1777, true, 0o1444],
  ])('%s of %o (directory: %s)', (text, mode, isDirectory, expected) => {
    expect(fileMode(text)(mode, isDirectory).toString(8)).toBe(expected.toString(8));
  });

  it.each([
    '',
    '888',
    '77777',
    'rwx',
    'u',
    'u=rwz',
    'x+r',
    'u=rw,',
    ',u=r',
    'u==r',
    'u=r g=r',
    '0o755',
    '-1',
    'u+s',
    '+t',
    'u=g',
  ])('"%s" is an error', (text) => {
    expect(() => fileMode(text)).toThrow(
      new GitopsError(
        `--chmod=${text} is no mode`,
        undefined,
        'write it in octal, such as 755, or as u=rwX,go=rX',
      ),
    );
  });

  it('does the same the second time, and sets no bit that nobody named', () => {
    const clause = fc
      .tuple(
        fc.constantFrom('', 'u', 'go', 'a'),
        fc.constantFrom('+', '-', '='),
        fc.constantFrom('', 'r', 'w', 'x', 'rwX'),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.array(clause, { minLength: 1, maxLength: 1 }),
        fc.nat(0o7777),
        fc.boolean(),
        (clauses, mode, isDirectory) => {
          const change = fileMode(clauses.join(','));
          const once = change(mode, isDirectory);
          expect(change(once, isDirectory)).toBe(once);
          expect(once & 0o7000).toBe(mode & 0o7000);
        },
      ),
    );
  });
});
