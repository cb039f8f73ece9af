import fc from 'fast-check';
import { runInOrder } from './order';

type Graph = Record<string, string[]>;

interface Run {
  /** In the order of their ends. */
  readonly results: string[];
  readonly started: string[];
  /** What was started before something that it needs had ended. */
  readonly tooEarly: string[];
  readonly mostAtOnce: number;
}

/** Runs a graph, each item taking as many turns as `turns` says. */
async function run(
  graph: Graph,
  concurrency: number,
  turns: (item: string) => number = () => 1,
): Promise<Run> {
  const ended = new Set<string>();
  const started: string[] = [];
  const tooEarly: string[] = [];
  let running = 0;
  let mostAtOnce = 0;
  const work = async (item: string): Promise<string> => {
    started.push(item);
    mostAtOnce = Math.max(mostAtOnce, ++running);
    if (graph[item]!.some((need) => need in graph && !ended.has(need))) tooEarly.push(item);
    for (let turn = 0; turn < turns(item); turn++) await Promise.resolve();
    running--;
    ended.add(item);
    return item;
  };
  const results: string[] = [];
  for await (const item of runInOrder(Object.keys(graph), (item) => graph[item]!, concurrency, work))
    results.push(item);
  return { results, started, tooEarly, mostAtOnce };
}

const items = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const concurrency = fc.integer({ min: 1, max: 4 });
const turns = fc.array(fc.nat(9), { minLength: items.length, maxLength: items.length });

/** Any graph: circles, items that need themselves, the same one twice, or what is not there. */
const anyGraph: fc.Arbitrary<Graph> = fc
  .array(fc.array(fc.constantFrom(...items, 'elsewhere'), { maxLength: 3 }), { maxLength: items.length })
  .map((needs) => Object.fromEntries(needs.map((list, i) => [items[i]!, list])));

/** A graph without circles, in any order: an item needs only those that sort before it. */
const orderedGraph: fc.Arbitrary<Graph> = fc
  .tuple(
    fc.array(fc.array(fc.nat(items.length), { maxLength: 4 }), { maxLength: items.length }),
    fc.infiniteStream(fc.nat()),
  )
  .map(([needs, order]) => {
    const entries = needs.map(
      (list, i) => [items[i]!, list.filter((need) => need < i).map((need) => items[need]!)] as const,
    );
    return Object.fromEntries(
      entries
        .map((entry) => [order.next().value as number, entry] as const)
        .sort(([a], [b]) => a - b)
        .map(([, entry]) => entry),
    );
  });

describe('runInOrder', () => {
  it('runs each item once and ends, whatever the graph', async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, concurrency, turns, async (graph, concurrency, turns) => {
        const { results, started } = await run(graph, concurrency, (item) => turns[items.indexOf(item)]!);
        expect([...results].sort()).toEqual(Object.keys(graph).sort());
        expect([...started].sort()).toEqual(Object.keys(graph).sort());
      }),
    );
  });

  it('never starts an item before what it needs has ended', async () => {
    await fc.assert(
      fc.asyncProperty(orderedGraph, concurrency, turns, async (graph, concurrency, turns) => {
        expect((await run(graph, concurrency, (item) => turns[items.indexOf(item)]!)).tooEarly).toEqual([]);
      }),
    );
  });

  it('never runs more at once than it may', async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, concurrency, turns, async (graph, concurrency, turns) => {
        const { mostAtOnce } = await run(graph, concurrency, (item) => turns[items.indexOf(item)]!);
        expect(mostAtOnce).toBeLessThanOrEqual(concurrency);
      }),
    );
  });

  it.each<[name: string, graph: Graph, concurrency: number, expected: number]>([
    ['as many as may', { a: [], b: [], c: [], d: [] }, 3, 3],
    ['a chain goes one by one', { a: [], b: ['a'], c: ['b'] }, 3, 1],
    ['at least one, whatever is asked for', { a: [], b: [] }, 0, 1],
    ['at least one, even for less than none', { a: [], b: [] }, -1, 1],
  ])('how many at once: %s', async (_name, graph, concurrency, expected) => {
    expect((await run(graph, concurrency)).mostAtOnce).toBe(expected);
  });

  it.each<[name: string, graph: Graph, tooEarly: string[]]>([
    ['an item that needs itself', { a: ['a'], b: ['a'] }, ['a']],
    ['two that need each other', { a: ['b'], b: ['a'], c: [] }, ['a']],
    ['what needs a circle waits for it', { z: ['a'], a: ['b'], b: ['a'] }, ['a']],
    ['what a circle needs goes first', { a: ['b', 'z'], b: ['a'], z: [] }, ['a']],
    ['two circles', { a: ['b'], b: ['a'], c: ['d'], d: ['c'] }, ['a', 'c']],
    ['what is not among the items is not waited for', { a: ['elsewhere'], b: ['a'] }, []],
  ])('of a circle one item goes without what it needs: %s', async (_name, graph, tooEarly) => {
    expect((await run(graph, 2)).tooEarly).toEqual(tooEarly);
  });

  it('gives a result as soon as it is there', async () => {
    const { results } = await run({ slow: [], fast: [], next: ['fast'] }, 2, (item) =>
      item === 'slow' ? 50 : 1,
    );
    expect(results).toEqual(['fast', 'next', 'slow']);
  });

  it('is done at once where there is nothing to do', async () => {
    expect((await run({}, 2)).results).toEqual([]);
  });
});
