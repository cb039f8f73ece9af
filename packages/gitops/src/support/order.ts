/**
 * Runs a piece of work for each item, after that of all items that it needs, up to `concurrency` at once; yields the
 * results as they come. `work` must not throw. Where nothing else is left, one item of a circle goes without what it
 * needs. Needs that are not among the items do not count.
 */
export async function* runInOrder<T>(
  items: readonly string[],
  needs: (item: string) => readonly string[],
  concurrency: number,
  work: (item: string) => Promise<T>,
): AsyncGenerator<T> {
  const neededBy = new Map(items.map((item) => [item, [] as string[]]));
  const waitsFor = new Map(
    items.map((item) => [item, new Set(needs(item).filter((need) => neededBy.has(need)))]),
  );
  for (const [item, needed] of waitsFor) for (const need of needed) neededBy.get(need)!.push(item);
  // Each item comes into the queue once: one of a circle may have been let in before its turn.
  const queue = items.filter((item) => waitsFor.get(item)!.size === 0);
  const queued = new Set(queue);
  const enqueue = (item: string): void => {
    if (queued.has(item)) return;
    queued.add(item);
    queue.push(item);
  };
  let started = 0;
  const running = new Map<string, Promise<{ item: string; result: T }>>();

  for (let ended = 0; ended < items.length; ended++) {
    // What waits for itself would wait for ever.
    if (started === queue.length && running.size === 0)
      enqueue(
        inCircle(
          items.find((item) => !queued.has(item))!,
          waitsFor,
        ),
      );
    while (started < queue.length && running.size < Math.max(1, concurrency)) {
      const item = queue[started++]!;
      running.set(
        item,
        work(item).then((result) => ({ item, result })),
      );
    }
    const { item, result } = await Promise.race(running.values());
    running.delete(item);
    for (const next of neededBy.get(item)!) {
      const left = waitsFor.get(next)!;
      left.delete(item);
      if (left.size === 0) enqueue(next);
    }
    yield result;
  }
}

/** An item of a circle, found from one that waits for it. */
function inCircle(start: string, waitsFor: ReadonlyMap<string, ReadonlySet<string>>): string {
  const passed = new Set<string>();
  let item = start;
  while (!passed.has(item)) {
    passed.add(item);
    item = [...waitsFor.get(item)!][0]!;
  }
  return item;
}
