import { Recent } from './recent';

describe('Recent', () => {
  const made: string[] = [];
  beforeEach(() => made.splice(0));

  const ask = (recent: Recent<string, string>, key: string): Promise<string> =>
    recent.get(key, async () => {
      made.push(key);
      return key.toUpperCase();
    });

  it('makes once what is asked for again, whether it is there yet or not', async () => {
    const recent = new Recent<string, string>(2);
    expect(await Promise.all([ask(recent, 'a'), ask(recent, 'a')])).toEqual(['A', 'A']);
    expect(await ask(recent, 'a')).toBe('A');
    expect(made).toEqual(['a']);
  });

  it('forgets what has not been asked for for longest', async () => {
    const recent = new Recent<string, string>(2);
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) expect(await ask(recent, key)).toBe(key.toUpperCase());
    expect(made).toEqual(['a', 'b', 'c', 'b']);
  });

  it('tries again what failed', async () => {
    const recent = new Recent<string, string>(2);
    const failing = recent.get('a', () => Promise.reject(new Error('not there')));
    await expect(failing).rejects.toThrow('not there');
    expect(await ask(recent, 'a')).toBe('A');
  });

  it('keeps what took the place of what failed', async () => {
    const recent = new Recent<string, string>(1);
    let fail!: (error: Error) => void;
    const failing = recent.get('a', () => new Promise((_, reject) => (fail = reject)));
    await ask(recent, 'b');
    await ask(recent, 'a');
    fail(new Error('not there'));
    await expect(failing).rejects.toThrow('not there');
    await ask(recent, 'a');
    expect(made).toEqual(['b', 'a']);
  });
});
