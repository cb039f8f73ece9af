import { duration, parseDuration } from './duration';

const HOUR = 3_600_000;

it.each([
  ['24h', 24 * HOUR],
  ['1d12h', 36 * HOUR],
  ['90m', 1.5 * HOUR],
  ['1h30m10s', 1.5 * HOUR + 10_000],
  ['0s', 0],
  ['', undefined],
  ['24', undefined],
  ['1h 30m', undefined],
  ['30m1h', undefined],
  ['-1h', undefined],
  ['1.5h', undefined],
])('%p is a duration of %p ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each([
  [0, '0s'],
  [-5, '0s'],
  [999, '0s'],
  [1000, '1s'],
  [HOUR, '1h'],
  [HOUR + 60_000, '1h1m'],
  [HOUR + 61_000, '1h1m'],
  [25 * HOUR, '1d1h'],
  [48 * HOUR, '2d'],
])('%i ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
