import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../oci/digest';
import { replaceFile } from '../support/temporary';

/**
 * What parsing a text comes to.
 * @param name of what is parsed
 * @param input all that the value follows from
 * @param parse gives what JSON can hold
 */
export type Parse = <T>(name: string, input: unknown, parse: () => T) => T;

/** Parses each time. */
export const parseAnew: Parse = (_name, _input, parse) => parse();

/**
 * Keeps what was parsed last in a directory of this machine: what parses YAML and checks it takes ten times as long to
 * load as this takes to read. Mistakes are not kept, and so found again.
 * @param directory may be removed at any time
 */
export function keepParsed(directory: string): Parse {
  return (name, input, parse) => {
    const file = join(directory, `${name}.json`);
    const key = sha256(JSON.stringify([version(), input]));
    const kept = read(file);
    if (kept?.key === key) return kept.value as ReturnType<typeof parse>;
    const value = parse();
    try {
      replaceFile(file, JSON.stringify({ key, value }));
    } catch {
      // Where nothing can be kept, it is parsed each time.
    }
    return value;
  };
}

function read(file: string): { readonly key?: unknown; readonly value?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { key?: unknown; value?: unknown };
  } catch {
    return undefined;
  }
}

/** Another version of this package may make something else of the same text. */
function version(): string {
  return (require('../../package.json') as { version: string }).version;
}
