/** What was asked for last, up to so many: the rest is made anew when it is asked for again. */
export class Recent<K, V> {
  private readonly values = new Map<K, Promise<V>>();

  constructor(private readonly limit: number) {}

  get(key: K, make: () => Promise<V>): Promise<V> {
    const value = this.values.get(key) ?? this.made(key, make());
    // A Map keeps the order in which it was filled: the first one is the one to go.
    this.values.delete(key);
    this.values.set(key, value);
    if (this.values.size > this.limit) this.values.delete(this.values.keys().next().value!);
    return value;
  }

  private made(key: K, value: Promise<V>): Promise<V> {
    // What failed may work the next time: a registry that was not there.
    value.catch(() => {
      if (this.values.get(key) === value) this.values.delete(key);
    });
    return value;
  }
}
