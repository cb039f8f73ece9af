import { GitopsError } from '../../support/errors';

const EXECUTE = 0o111;
const CLAUSE = /^([ugoa]*)([-+=])([rwxX]*)$/;
const WHO: Readonly<Record<string, number>> = { u: 0o700, g: 0o070, o: 0o007, a: 0o777 };
const WHAT: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: EXECUTE, X: EXECUTE };

/**
 * `--chmod` as what it makes of a file's mode. Octal, or as chmod(1) has it: `u=rwX,go=rX`.
 * @throws GitopsError for what is no mode
 */
export function fileMode(text: string): (mode: number, isDirectory: boolean) => number {
  if (/^[0-7]{1,4}$/.test(text)) {
    const octal = parseInt(text, 8);
    return () => octal;
  }
  const clauses = text.split(',').map((clause) => CLAUSE.exec(clause));
  if (clauses.some((clause) => !clause))
    throw new GitopsError(
      `--chmod=${text} is no mode`,
      undefined,
      'write it in octal, such as 755, or as u=rwX,go=rX',
    );
  return (mode, isDirectory) => clauses.reduce((before, clause) => apply(before, clause!, isDirectory), mode);
}

function apply(mode: number, [, who, operator, what]: RegExpExecArray, isDirectory: boolean): number {
  const classes = [...(who || 'a')].reduce((bits, letter) => bits | WHO[letter]!, 0);
  const wanted = [...what!]
    // X is x for what can be run or entered already.
    .filter((letter) => letter !== 'X' || isDirectory || (mode & EXECUTE) !== 0)
    .reduce((bits, letter) => bits | WHAT[letter]!, 0);
  const bits = classes & wanted;
  if (operator === '+') return mode | bits;
  return operator === '-' ? mode & ~bits : (mode & ~classes) | bits;
}
