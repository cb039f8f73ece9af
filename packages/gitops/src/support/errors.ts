/** A place in a user's file: a path relative to the workspace, and a line and a column in it counted from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  /** Only where there is a line. */
  readonly column?: number;
}

/**
 * A mistake that the user can mend. Its message is one line: where, what is wrong, what to do.
 * Anything else that is thrown is a fault of ours.
 */
export class GitopsError extends Error {
  /**
   * @param what what is wrong, without a full stop: `COPY source src/app.ts does not exist`
   * @param remedy what to do about it, without a full stop: `create it, or correct the path`
   */
  constructor(
    readonly what: string,
    readonly place?: Place,
    readonly remedy?: string,
  ) {
    super(format(what, place, remedy));
    this.name = new.target.name;
  }

  /** The same error with the place where it comes from. */
  placedAt(place: Place): this {
    const copy = Object.create(Object.getPrototypeOf(this), Object.getOwnPropertyDescriptors(this)) as this;
    return Object.assign(copy, { place, message: format(this.what, place, this.remedy) });
  }
}

function format(what: string, place?: Place, remedy?: string): string {
  const where = place ? `${formatPlace(place)}: ` : '';
  return oneLine(`${where}${what}${remedy ? `; ${remedy}` : ''}`);
}

function formatPlace({ file, line, column }: Place): string {
  if (!line) return file;
  return column ? `${file}:${line}:${column}` : `${file}:${line}`;
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}

/** Runs `work`; an error of it that does not say where gets the place. */
export function at<T>(place: Place, work: () => T): T {
  try {
    const result = work();
    return result instanceof Promise ? (result.catch((error: unknown) => placed(error, place)) as T) : result;
  } catch (error) {
    return placed(error, place);
  }
}

function placed(error: unknown, place: Place): never {
  if (!(error instanceof GitopsError) || error.place) throw error;
  throw error.placedAt(place);
}
