import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryPath } from '../../support/temporary';
import { hexOf } from '../digest';
import type { Digest } from '../digest';
import { repositoryName } from '../names';

/** No repository can be called so. */
const DIRECTORY = '.layers';

/**
 * Which of the repositories in a directory has a layer, so that another one need not have it a second time: for each
 * layer a symbolic link to the repository that took it last. It only ever saves room: where links cannot be made,
 * nothing is found; and one that leads nowhere is as good as none.
 */
export class LayerLinks {
  private readonly directory: string;

  /** @param store the directory in which the repositories are */
  constructor(store: string) {
    this.directory = join(store, DIRECTORY);
  }

  /** The name of the repository that is said to have a layer. */
  find(digest: Digest): string | undefined {
    try {
      return repositoryName(readlinkSync(this.pathOf(digest)).slice('../'.length));
    } catch {
      return undefined;
    }
  }

  add(digest: Digest, repository: string): void {
    if (this.find(digest) === repository) return;
    try {
      mkdirSync(this.directory, { recursive: true });
      const temporary = temporaryPath(this.directory);
      symlinkSync(join('..', repository), temporary);
      renameSync(temporary, this.pathOf(digest));
    } catch {
      // The next one does not find it here.
    }
  }

  /** For a repository that has it no more. */
  remove(digest: Digest, repository: string): void {
    if (this.find(digest) === repository) rmSync(this.pathOf(digest), { force: true });
  }

  private pathOf(digest: Digest): string {
    return join(this.directory, hexOf(digest));
  }
}
