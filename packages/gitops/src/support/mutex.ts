/** Runs what it is given one at a time, in the order in which it was given. */
export class Mutex {
  private last: Promise<unknown> = Promise.resolve();
  private count = 0;

  /** Whether nothing runs or waits. */
  get isIdle(): boolean {
    return this.count === 0;
  }

  /** Not to be called for the same mutex from within `work`, which would wait for itself. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.count++;
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.count--;
    }
  }
}

/** A mutex for each name, as long as there is need of it. */
export class Mutexes {
  private readonly byName = new Map<string, Mutex>();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const mutex = this.byName.get(name) ?? new Mutex();
    this.byName.set(name, mutex);
    try {
      return await mutex.run(work);
    } finally {
      if (mutex.isIdle) this.byName.delete(name);
    }
  }
}
