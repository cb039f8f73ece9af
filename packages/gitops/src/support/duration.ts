const UNITS: readonly (readonly [letter: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** `1d12h` as milliseconds; undefined for what is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text);
  if (!match || text === '') return undefined;
  return UNITS.reduce((sum, [, ms], i) => sum + ms * Number(match[i + 1] ?? 0), 0);
}

/** Milliseconds in the two largest units that count, rounded down: `1d12h`, `3h`, `0s`. */
export function duration(ms: number): string {
  const at = UNITS.findIndex(([, size]) => ms >= size);
  let left = Math.max(0, ms);
  const parts = UNITS.slice(at < 0 ? -1 : at, at < 0 ? undefined : at + 2).map(([letter, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return { text: `${count}${letter}`, count };
  });
  return parts
    .filter(({ count }, i) => i === 0 || count > 0)
    .map(({ text }) => text)
    .join('');
}
