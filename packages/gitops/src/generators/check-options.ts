import { GitopsError } from '../support/errors';

/**
 * @param alone options of which each leaves out all others
 * @param others options that are given with none of them
 * @throws GitopsError for options that do not go together
 */
export function checkTogether(
  alone: Readonly<Record<string, unknown>>,
  others: Readonly<Record<string, unknown>>,
): void {
  const given = (options: Readonly<Record<string, unknown>>): string[] =>
    Object.keys(options).filter((key) => options[key] !== undefined && options[key] !== false);
  const kinds = given(alone);
  const together = [...kinds, ...(kinds.length > 0 ? given(others) : [])];
  if (together.length > 1)
    throw new GitopsError(`--${together.join(' and --')} do not go together`, undefined, 'use one of them');
}
