import { cleanSource } from '../containerfile/sources';
import type { BuildContext } from '../revision/context';
import { GitopsError } from '../support/errors';

/** Why a source, variables expanded, is not in the build context. */
export function missingSource(keyword: string, source: string, context: BuildContext): GitopsError {
  const what = `${keyword} source ${source}`;
  const path = cleanSource(source);
  if (context.ignores(path))
    return new GitopsError(
      `${what} is left out by ${context.ignoreFile ?? 'the ignore rules'}`,
      undefined,
      `add !${path} to it, or correct the path`,
    );
  if (/^\/?\.\.(\/|$)/.test(source))
    return new GitopsError(
      `${what} is outside of the build context ${context.root}`,
      undefined,
      "move it into the context, or set the target's option context to workspace",
    );
  return new GitopsError(
    `${what} does not exist in the build context ${context.root}`,
    undefined,
    'create it, or correct the path',
  );
}
