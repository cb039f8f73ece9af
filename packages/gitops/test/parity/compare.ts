import { isDeepStrictEqual } from 'node:util';
import { type FileEntry, type FileTree, formatEntry, type ParityConfig } from './image';

/** What a builder makes of a case: an image, or an error. */
export type ParityResult = Built | Failed;

export interface Built {
  files: FileTree;
  config: ParityConfig;
  error?: undefined;
}

export interface Failed {
  error: string;
}

export interface CompareOptions {
  /** Config fields to leave out, for builders that are known to differ there. */
  ignoreConfig?: (keyof ParityConfig)[];
}

/**
 * How two results differ, one line for each difference; none if they are the same. Two errors are the same
 * whatever they say: what our own errors say is tested where they are made.
 */
export function compare(
  expected: ParityResult,
  actual: ParityResult,
  options: CompareOptions = {},
): string[] {
  if (expected.error !== undefined || actual.error !== undefined) {
    if (expected.error !== undefined && actual.error !== undefined) return [];
    return expected.error !== undefined
      ? [`expected an error (${expected.error}), got an image`]
      : [`expected an image, got an error: ${actual.error}`];
  }
  return [
    ...compareFiles(expected.files, actual.files),
    ...compareConfig(expected.config, actual.config, options.ignoreConfig ?? []),
  ];
}

/** As `compare`, where several results are right: the differences to the first if it is none of them. */
export function compareAny(
  expected: ParityResult[],
  actual: ParityResult,
  options: CompareOptions = {},
): string[] {
  const differences = expected.map((one) => compare(one, actual, options));
  return differences.some((list) => list.length === 0) ? [] : differences[0]!;
}

function compareFiles(expected: FileTree, actual: FileTree): string[] {
  const names = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  return names.flatMap((name) => {
    const want = expected.get(name);
    const got = actual.get(name);
    if (!got) return [`${name}: missing, expected ${formatEntry(want!)}`];
    if (!want) return [`${name}: not expected, got ${formatEntry(got)}`];
    return compareEntry(name, want, got);
  });
}

function compareEntry(name: string, want: FileEntry, got: FileEntry): string[] {
  if (want.type !== got.type) return [`${name}: expected a ${want.type}, got ${formatEntry(got)}`];
  const octal = (mode: number) => mode.toString(8).padStart(4, '0');
  const fields: [field: string, want: unknown, got: unknown][] = [
    ['mode', octal(want.mode), octal(got.mode)],
    ['owner', `${want.uid}:${want.gid}`, `${got.uid}:${got.gid}`],
    ['link', want.link, got.link],
    ['content', `${want.size} bytes ${want.sha256}`, `${got.size} bytes ${got.sha256}`],
  ];
  return fields
    .filter(([, a, b]) => a !== b)
    .map(([field, a, b]) => `${name}: ${field} expected ${a}, got ${b}`);
}

function compareConfig(want: ParityConfig, got: ParityConfig, ignored: (keyof ParityConfig)[]): string[] {
  const keys = [...new Set([...Object.keys(want), ...Object.keys(got)])].sort() as (keyof ParityConfig)[];
  return keys
    .filter((key) => !ignored.includes(key) && !isDeepStrictEqual(want[key], got[key]))
    .map((key) => `config ${key}: expected ${show(want[key])}, got ${show(got[key])}`);
}

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
