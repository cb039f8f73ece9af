import { createHash } from 'node:crypto';
import { GitopsError } from '../support/errors';

/** `sha256:` and 64 lower-case hexadecimal digits: the one algorithm that every registry and tool knows. */
export type Digest = `sha256:${string}`;

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** Whether the text is a well-formed sha256 digest (image-spec, descriptor.md, "Digests"). */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && PATTERN.test(text);
}

/**
 * The text as a digest.
 * @param what what the digest is of, for the message: `layer 2 of registry.example.com/api`
 * @throws GitopsError when it is no sha256 digest
 */
export function parseDigest(text: unknown, what = 'content'): Digest {
  if (isDigest(text)) return text;
  throw new GitopsError(`${JSON.stringify(text) ?? 'nothing'} is not a sha256 digest (${what})`);
}

/** The hexadecimal part, safe as a file name once the digest is well-formed. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The digest of bytes that are all there; text counts as UTF-8. */
export function sha256(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Digest and length of bytes that come piece by piece. */
export class Hasher {
  private readonly hash = createHash('sha256');
  private length = 0;

  update(bytes: Uint8Array): this {
    this.hash.update(bytes);
    this.length += bytes.length;
    return this;
  }

  /** How many bytes have been taken so far. */
  get size(): number {
    return this.length;
  }

  /** The digest; to be asked for once, after the last byte. */
  digest(): Digest {
    return `sha256:${this.hash.digest('hex')}`;
  }
}
