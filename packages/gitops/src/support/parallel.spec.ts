import { setImmediate as turn } from 'node:timers/promises';
import { allOf, inParallel } from './parallel';

it('works on each item once, on no more than it may at the same time', async () => {
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running);
    await turn();
    running--;
    done.push(item);
  });
  expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

it('ends with the first failure', async () => {
  const fail = (item: number): Promise<void> => Promise.reject(new Error(`item ${item}`));
  await expect(inParallel([1, 2], 1, fail)).rejects.toThrow('item 1');
});

it('waits for all, and then fails for the first', async () => {
  let ended = false;
  const slow = turn().then(() => (ended = true));
  await expect(allOf(Promise.reject(new Error('first')), slow)).rejects.toThrow('first');
  expect(ended).toBe(true);
  expect(await allOf(Promise.resolve(1), 'two', undefined)).toEqual([1, 'two', undefined]);
});
