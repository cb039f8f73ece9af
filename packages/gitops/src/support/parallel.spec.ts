import { inParallel } from './parallel';

const turn = () => new Promise<void>(setImmediate);

/** Runs work for numbers; returns which were begun, and how many there were at most at once. */
async function run(
  count: number,
  concurrency: number,
  work: (item: number) => Promise<void> = turn,
): Promise<{ begun: number[]; most: number; error?: unknown }> {
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const items = Array.from({ length: count }, (_, i) => i);
  const error = await inParallel(items, concurrency, async (item) => {
    begun.push(item);
    most = Math.max(most, ++running);
    try {
      await work(item);
    } finally {
      running--;
    }
  }).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  await turn();
  return { begun, most, ...(error === undefined ? {} : { error }) };
}

it.each([
  ['nothing', 0, 4, 0],
  ['one after the other', 5, 1, 1],
  ['as many at once as may be', 10, 4, 4],
  ['all at once', 3, 8, 3],
  ['one at a time, where it is to be none', 3, 0, 1],
])('does %s', async (_name, count, concurrency, most) => {
  expect(await run(count, concurrency)).toEqual({ begun: Array.from({ length: count }, (_, i) => i), most });
});

it('takes items of any kind', async () => {
  const seen: unknown[] = [];
  await inParallel([undefined, 0, '', null, false], 2, async (item) => void seen.push(item));
  expect(seen).toEqual([undefined, 0, '', null, false]);
});

it('begins nothing after a failure, and ends with that once all that was begun has ended', async () => {
  const ended: number[] = [];
  const failure = new Error('no');
  const result = await run(10, 2, async (item) => {
    await turn();
    if (item === 1) throw failure;
    await turn();
    ended.push(item);
  });
  expect(result).toEqual({ begun: [0, 1], most: 2, error: failure });
  expect(ended).toEqual([0]);
});

it('ends with the first of several failures', async () => {
  const { error } = await run(4, 4, async (item) => {
    for (let i = 4; i > item; i--) await turn();
    throw new Error(String(item));
  });
  expect(error).toEqual(new Error('3'));
});
