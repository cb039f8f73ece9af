const UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['\u00b5s', 1e3], // the micro sign
  ['\u03bcs', 1e3], // the Greek letter
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
]);

/** More digits than any duration needs. */
const MAX_LENGTH = 100;

/**
 * Reads a duration as Go writes it: `1h30m`, `1.5s`, `-300ms`, `0`.
 *
 * @returns nanoseconds; `undefined` if it is none
 */
export function parseDuration(text: string): number | undefined {
  const sign = text[0] === '-' ? -1 : 1;
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  if (rest === '' || rest.length > MAX_LENGTH) return undefined;
  let total = 0;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d*)?|\.\d+)([^\d.]+)/.exec(rest);
    const unit = match && UNITS.get(match[2]!);
    if (!match || !unit) return undefined;
    total += Number(match[1]) * unit;
    rest = rest.slice(match[0].length);
  }
  return total < 2 ** 63 ? sign * Math.round(total) || 0 : undefined;
}
