/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * A clock that jumps to the next moment at which somebody wakes, once nobody has anything more to do. So what takes
 * minutes is tested in moments, on a busy machine too, and the same seed always gives the same course of events.
 */
export class VirtualTime {
  private time = Date.UTC(2026, 0, 1);
  private sleepers: Sleeper[] = [];

  readonly now = (): number => this.time;

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((wake) => {
      const at = this.time + Math.max(0, ms);
      const later = this.sleepers.findIndex((sleeper) => sleeper.at > at);
      this.sleepers.splice(later === -1 ? this.sleepers.length : later, 0, { at, wake });
    });

  /** Runs `work`, all sleep of which is this clock's, to its end. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    let isDone = false;
    const result = work().finally(() => {
      isDone = true;
    });
    // Its failure is the caller's, who waits for it below.
    result.catch(() => undefined);
    for (;;) {
      await new Promise(setImmediate);
      if (isDone) return result;
      const next = this.sleepers.shift();
      if (!next) throw new Error('nobody wakes any more');
      this.time = next.at;
      next.wake();
    }
  }
}

/** The time of the test at hand. */
export let time = new VirtualTime();

export function newTime(): VirtualTime {
  return (time = new VirtualTime());
}
