import { GitopsError } from '../support/errors';

/** distribution-spec, "Pulling manifests". */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/**
 * The text as the name of a repository. Such a name is safe as a relative path: no part of it is empty or starts with a dot.
 * @throws GitopsError when it is not one
 */
export function repositoryName(text: string): string {
  if (text.length <= 255 && REPOSITORY.test(text)) return text;
  throw new GitopsError(
    `${JSON.stringify(text)} is not a repository name`,
    undefined,
    'use lower-case letters and digits, with . _ - inside and / between the parts, at most 255 of them',
  );
}

/** Whether the text can be a tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/**
 * The text as a tag.
 * @throws GitopsError when it is not one
 */
export function tagName(text: string): string {
  if (isTag(text)) return text;
  throw new GitopsError(
    `${JSON.stringify(text)} is not a tag`,
    undefined,
    'use letters, digits and . _ -, at most 128 of them, not starting with . or -',
  );
}
