import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Nx ends what has not ended by itself after five seconds. */
const GRACE_MS = 4000;

/**
 * Until it is closed, a signal that ends the process lets the work in progress put things in order first.
 * @param stop told of the signal at once; resolves when all work has come to an end
 * @returns closes it
 */
export function onInterruption(stop: () => Promise<unknown>): () => void {
  let isStopping = false;
  const listener = (signal: (typeof SIGNALS)[number]): void => {
    // It comes from the terminal, and again from Nx.
    if (isStopping) return;
    isStopping = true;
    // Whoever reads may be gone already.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    const end = (): never => process.exit(128 + constants.signals[signal]);
    setTimeout(end, GRACE_MS);
    void stop().finally(end);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}
