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
  const all = new Set(items);
  const waitsFor = new Map(items.map((item) => [item, new Set(needs(item).filter((need) => all.has(need)))]));
  const neededBy = new Map<string, string[]>();
  for (const [item, needed] of waitsFor)
    for (const need of needed) neededBy.set(need, [...(neededBy.get(need) ?? []), item]);
  const ready = items.filter((item) => waitsFor.get(item)!.size === 0);
  const open = new Set(items);
  const running = new Map<string, Promise<{ item: string; result: T }>>();

  while (open.size > 0) {
    // What waits for itself would wait for ever.
    if (ready.length === 0 && running.size === 0) ready.push(inCircle([...open][0]!, waitsFor));
    while (ready.length > 0 && running.size < Math.max(1, concurrency)) {
      const item = ready.shift()!;
      running.set(
        item,
        work(item).then((result) => ({ item, result })),
      );
    }
    const { item, result } = await Promise.race(running.values());
    running.delete(item);
    open.delete(item);
    for (const next of neededBy.get(item) ?? []) {
      const left = waitsFor.get(next)!;
      left.delete(item);
      if (left.size === 0 && open.has(next) && !running.has(next) && !ready.includes(next)) ready.push(next);
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
