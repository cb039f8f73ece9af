// Times, medians, and rows of the table.

/** Less of everything, for a first look: the targets are for a whole run. */
export const short = process.argv.includes('--short');
/** How many images a store or a workspace has that is large. */
export const IMAGES = short ? 60 : 1000;

/** Milliseconds that `work` takes. */
export async function time(work) {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Times several things in turns (A B A B), so that whatever else the machine does slows all of them down alike.
 * @param subjects by name; each an async function that returns its milliseconds, or several by name
 * @param warmUp rounds that do not count; one less in a short run
 * @returns the medians, by name; of what returned several, by `<name> <part>`
 */
export async function interleave(subjects, rounds, warmUp = 1) {
  const times = {};
  for (let round = -Math.max(0, short ? warmUp - 1 : warmUp); round < rounds; round++)
    for (const [name, run] of Object.entries(subjects)) {
      const result = await run();
      if (round < 0) continue;
      const parts = typeof result === 'number' ? { [name]: result } : prefixed(name, result);
      for (const [part, value] of Object.entries(parts)) (times[part] ??= []).push(value);
    }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}

function prefixed(name, parts) {
  return Object.fromEntries(Object.entries(parts).map(([part, value]) => [`${name} ${part}`, value]));
}

export const ms = (value) =>
  `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
export const times = (value) => `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ×`;
export const mib = (bytes) => `${Math.round(bytes / 1024 / 1024)} MiB`;

/** A row whose target, if it has one, is that `measured` is at most `limit` times `against`. */
export function atMost(what, measured, [name, against], limit) {
  const ratio = measured / against;
  return {
    what,
    measured: ms(measured),
    against: `${name}: ${ms(against)}`,
    ratio: times(ratio),
    ...(limit === undefined ? {} : { target: `at most ${limit} ×`, met: ratio <= limit }),
  };
}

/** A row whose target, if it has one, is that `measured` is `factor` times as fast as `against`. */
export function faster(what, measured, [name, against], factor) {
  const ratio = against / measured;
  return {
    what,
    measured: ms(measured),
    against: `${name}: ${ms(against)}`,
    ratio: `${times(ratio)} faster`,
    ...(factor === undefined ? {} : { target: `at least ${factor} × faster`, met: ratio >= factor }),
  };
}

/** How many times as long an image may take where there are ten times as many. */
const MAX_GROWTH = 2;

/** A row of what an image costs in a large workspace, and in a small one: milliseconds of all, and how many they are. */
export function perImage(what, [large, many], [small, few]) {
  const ratio = large / many / (small / few);
  return {
    what,
    measured: `${ms(large / many)}, in all ${ms(large)}`,
    against: `of ${few.toLocaleString('en')}: ${ms(small / few)}`,
    ratio: times(ratio),
    target: `at most ${MAX_GROWTH} ×`,
    met: ratio <= MAX_GROWTH,
  };
}

/** A row of what could not be measured. */
export function missing(what, reason) {
  return { what, measured: '', against: reason, ratio: '' };
}
