import { performance } from 'node:perf_hooks';
import { isPromise } from 'node:util/types';

interface Total {
  count: number;
  ms: number;
}

const totals = new Map<string, Total>();

/** As Nx itself is told to say where its time goes. */
function isProfiling(): boolean {
  return process.env['NX_PERF_LOGGING'] === 'true';
}

/**
 * Does some work, and where phases are asked for adds up how long it took. Of phases that go on at the same time each
 * counts in full.
 * @param name of the phase; a phase within another one is counted in both
 */
export function phase<T>(name: string, work: () => T): T {
  if (!isProfiling()) return work();
  const start = performance.now();
  const add = (): void => {
    const total = totals.get(name) ?? { count: 0, ms: 0 };
    totals.set(name, { count: total.count + 1, ms: total.ms + performance.now() - start });
  };
  let result: T;
  try {
    result = work();
  } catch (error) {
    add();
    throw error;
  }
  if (!isPromise(result)) {
    add();
    return result;
  }
  return result.finally(add) as T;
}

/**
 * What the phases took since the last time, one line for each in the order in which they first ended; nothing where
 * nobody asks.
 * @param title what they are the phases of
 */
export function phaseReport(title: string): string[] {
  const rows = [...totals].map(
    ([name, { count, ms }]) => [name, `${ms.toFixed(0)} ms`, `${count} ×`] as const,
  );
  totals.clear();
  if (rows.length === 0) return [];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return [
    `Where the time goes, ${title}:`,
    ...rows.map(
      ([name, ms, count]) =>
        `  ${name.padEnd(widths[0]!)}  ${ms.padStart(widths[1]!)}  ${count.padStart(widths[2]!)}`,
    ),
  ];
}

/** Says on standard error what the phases took, where somebody asks. */
export function reportPhases(title: string): void {
  for (const line of phaseReport(title)) process.stderr.write(`${line}\n`);
}
