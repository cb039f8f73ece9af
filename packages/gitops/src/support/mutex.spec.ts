import { Mutex, Mutexes } from './mutex';

const turn = () => new Promise<void>(setImmediate);

it('runs one work at a time, in the order in which they came, whatever becomes of each', async () => {
  const mutex = new Mutex();
  const log: string[] = [];
  const work = (name: string, end?: Error) =>
    mutex.run(async () => {
      log.push(`${name} in`);
      await turn();
      log.push(`${name} out`);
      if (end) throw end;
      return name;
    });
  const all = Promise.allSettled([work('a'), work('b', new Error('no')), work('c')]);
  expect(mutex.isIdle).toBe(false);
  expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  expect(mutex.isIdle).toBe(true);
});

it('keeps apart what has different names', async () => {
  const mutexes = new Mutexes();
  const log: string[] = [];
  const work = (name: string, what: string) =>
    mutexes.run(name, async () => {
      log.push(`${what} in`);
      await turn();
      log.push(`${what} out`);
    });
  await Promise.all([work('x', 'a'), work('y', 'b'), work('x', 'c')]);
  expect(log.slice(0, 2)).toEqual(['a in', 'b in']);
  expect(log.indexOf('c in')).toBeGreaterThan(log.indexOf('a out'));
});
