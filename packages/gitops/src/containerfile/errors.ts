import { GitopsError, type Place } from '../support/errors';

/** A mistake in a container file, or in what it is built with: its message names the file and the line. */
export class ContainerfileError extends GitopsError {
  constructor(what: string, place: Place, remedy: string) {
    super(what, place, remedy);
  }
}

/** A word as an error shows it: in quotes, and not too long. */
export function quoted(word: string): string {
  return `"${word.length > 60 ? `${word.slice(0, 57)}...` : word}"`;
}
