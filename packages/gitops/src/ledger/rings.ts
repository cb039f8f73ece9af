import { GitopsError } from '../support/errors';

/** Comes before the first ring: for work that no ring is to see yet. */
export const ANTE = 'ante';
/** Comes after the last ring: holds what was shifted off, so that it can be had back. */
export const POST = 'post';

/** The rings of a workspace in their order, the two that are always there among them. */
export class Rings {
  readonly all: readonly string[];

  /** @param named those of gitops.yaml, at least one */
  constructor(readonly named: readonly string[]) {
    this.all = [ANTE, ...named, POST];
  }

  /** The ring that is meant where none is named. */
  get first(): string {
    return this.named[0]!;
  }

  has(ring: string): boolean {
    return this.all.includes(ring);
  }

  /**
   * A ring that something can be built for.
   * @throws GitopsError for a name that is no ring, and for `post`
   */
  target(ring: string = this.first): string {
    const usable = [ANTE, ...this.named];
    if (usable.includes(ring)) return ring;
    throw new GitopsError(
      ring === POST
        ? `nothing is built for the ring ${POST}: it holds what was shifted off the last one`
        : `there is no ring ${ring}`,
      undefined,
      `use one of ${usable.join(', ')}`,
    );
  }

  /** The rings that come after one, in their order, without `post`. */
  following(ring: string): readonly string[] {
    return this.all.slice(this.all.indexOf(ring) + 1, -1);
  }

  /** The last of gitops.yaml. */
  get last(): string {
    return this.named[this.named.length - 1]!;
  }

  /** The ring that comes next; undefined after the last. Where nobody works, in `post`, nothing comes next. */
  after(ring: string): string | undefined {
    const next = this.all[this.all.indexOf(ring) + 1];
    return next === POST ? undefined : next;
  }

  /** The ring itself, then those after it, the nearest first, then those before it, the nearest first. */
  readingThrough(ring: string): string[] {
    const at = this.all.indexOf(ring);
    return [...this.all.slice(at), ...this.all.slice(0, at).reverse()];
  }
}
