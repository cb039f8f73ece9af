import { contentOf, readAll } from '../../src/oci/content';
import { sha256 } from '../../src/oci/digest';
import type { Fault } from '../oci/fault-proxy';

const VERSION = /^\d+\.\d+\.\d+$/;

/** For `PUT tag` of a proxy: sees what versions are given to, by whomever, and does no harm. */
export class TagWatch {
  private readonly given = new Map<string, Set<string>>();
  /** How often a version's tag was written. */
  writes = 0;

  readonly fault: Fault = {
    name: 'watches',
    apply: async (request, next) => {
      const bytes = await readAll(request.body);
      const { repository, reference } = request;
      if (VERSION.test(reference)) {
        this.writes++;
        const name = `${repository}:${reference}`;
        this.given.set(name, (this.given.get(name) ?? new Set()).add(sha256(bytes)));
      }
      return next({ ...request, body: contentOf(bytes) });
    },
  };

  get versions(): number {
    return this.given.size;
  }

  /** The versions that were given to more than one image. */
  get moved(): string[] {
    return [...this.given].filter(([, digests]) => digests.size > 1).map(([name]) => name);
  }
}
