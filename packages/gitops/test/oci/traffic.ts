import type { ProxyRequest } from './fault-proxy';

/** What went through a proxy, as clients see it. */
export class Traffic {
  /** Bytes in bodies: to the registry, and back. */
  sent = 0;
  received = 0;
  /** Blobs that the registry took, whether the client heard of it or not. */
  blobUploads = 0;
  /** `PUT tag`: how often. */
  private readonly asks = new Map<string, number>();
  private readonly harms = new Map<string, number>();

  reset(): void {
    this.sent = this.received = this.blobUploads = 0;
    this.asks.clear();
    this.harms.clear();
  }

  asked({ method, kind }: ProxyRequest): void {
    add(this.asks, `${method} ${kind}`);
  }

  answered({ method, kind }: ProxyRequest, status: number): void {
    if (method === 'PUT' && kind === 'upload' && status === 201) this.blobUploads++;
  }

  harmed(name: string): void {
    add(this.harms, name);
  }

  /** How many requests there were, of all or with these words: `requests('PUT')`, `requests('GET', 'tags')`. */
  requests(...words: string[]): number {
    return sum([...this.asks].filter(([ask]) => words.every((word) => ask.split(' ').includes(word))));
  }

  get manifestPuts(): number {
    return this.requests('PUT', 'tag') + this.requests('PUT', 'manifest');
  }

  /** How many faults struck. */
  get faults(): number {
    return sum([...this.harms]);
  }

  /** In one line: `12 requests (4 HEAD blob, …), 3 faults (2 answers 503, …), 100 bytes sent, 0 received`. */
  toString(): string {
    const asks = `${this.requests()} requests${list(this.asks)}`;
    const harms = `${this.faults} faults${list(this.harms)}`;
    return `${asks}, ${harms}, ${this.sent} bytes sent, ${this.received} received`;
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sum(counts: [string, number][]): number {
  return counts.reduce((total, [, count]) => total + count, 0);
}

function list(counts: Map<string, number>): string {
  const items = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, count]) => `${count} ${key}`);
  return items.length ? ` (${items.join(', ')})` : '';
}
