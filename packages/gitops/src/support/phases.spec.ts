import { setTimeout as sleep } from 'node:timers/promises';
import { phase, phaseReport } from './phases';

const before = process.env['NX_PERF_LOGGING'];

beforeEach(() => {
  process.env['NX_PERF_LOGGING'] = 'true';
});

afterEach(() => {
  phaseReport('');
  if (before === undefined) delete process.env['NX_PERF_LOGGING'];
  else process.env['NX_PERF_LOGGING'] = before;
});

const shown = (title = 'test'): string[] => phaseReport(title).map((line) => line.replace(/\d+ ms/, 'N ms'));

it('adds up what is done in the same phase, and keeps the order of phases', async () => {
  expect(phase('read', () => 1)).toBe(1);
  expect(await phase('write', () => Promise.resolve(2))).toBe(2);
  expect(phase('read', () => 3)).toBe(3);
  expect(shown('image-build')).toEqual([
    'Where the time goes, image-build:',
    '  read   N ms  2 ×',
    '  write  N ms  1 ×',
  ]);
});

it('counts the time of what is waited for', async () => {
  await phase('wait', () => sleep(30));
  expect(Number(/(\d+) ms/.exec(phaseReport('test').join())![1])).toBeGreaterThanOrEqual(29);
});

it('counts what fails, and lets it fail', async () => {
  const fail = (): never => {
    throw new Error('no');
  };
  expect(() => phase('now', fail)).toThrow('no');
  await expect(phase('later', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(shown()).toEqual(['Where the time goes, test:', '  now    N ms  1 ×', '  later  N ms  1 ×']);
});

it('starts anew after each report', () => {
  phase('read', () => 1);
  phaseReport('first');
  expect(phaseReport('second')).toEqual([]);
});

it('measures nothing where nobody asks', () => {
  delete process.env['NX_PERF_LOGGING'];
  phase('read', () => 1);
  expect(phaseReport('test')).toEqual([]);
});
