import type { FileTree } from '../../filetree/file-tree';
import type { Image } from '../../oci/image';
import type { Digest } from '../../oci/digest';
import type { Platform } from '../../oci/platform';
import type { Place } from '../../support/errors';

/** An image that another one is made from: by FROM, or by COPY --from. */
export interface BaseImage {
  readonly image: Image;
  /** What `org.opencontainers.image.base.name` says of it. */
  readonly name: string;
  readonly digest: Digest;
  /** How to name it so that it stays what it is, where the reference at hand may come to mean another image. */
  readonly pinned?: string;
  /** By what name an engine can pull it, where a registry has it: host, repository and digest. */
  readonly pullable?: string;
  /**
   * Its files.
   * @param contents whether their bytes are wanted; without, only those of small files such as /etc/passwd are there
   */
  tree(contents: boolean): Promise<FileTree>;
}

/**
 * Finds the image that a reference names.
 * @throws StoreError at `place` where it is nowhere, or where that cannot be found out
 */
export type FindImage = (reference: string, platform: Platform, place: Place) => Promise<BaseImage>;
