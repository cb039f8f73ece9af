import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HASH = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** More than that nobody reads. */
const MAX_COMMITS = 1000;

/** The commits that lie between two others. */
export interface Commits {
  /** `a1b2c3d..d4e5f6a` */
  readonly range: string;
  /** Whether the range leads back: the commits are those that are taken back. */
  readonly back: boolean;
  /** Abbreviated hash and subject of each, the latest first. */
  readonly lines: readonly string[];
}

/**
 * The commits from one to another, as git tells; undefined where there is no git, or it does not have both.
 * @param directory in the work tree
 */
export async function commitsBetween(
  directory: string,
  from: string,
  to: string,
): Promise<Commits | undefined> {
  // What comes from a store is not to be taken for an option.
  if (!HASH.test(from) || !HASH.test(to)) return undefined;
  const range = `${from.slice(0, 7)}..${to.slice(0, 7)}`;
  if (from === to) return { range, back: false, lines: [] };
  const log = async (a: string, b: string): Promise<string[]> => {
    const options = ['--format=%h %s', '--no-show-signature', `--max-count=${MAX_COMMITS}`];
    const args = ['-C', directory, 'log', ...options, `${a}..${b}`, '--'];
    const { stdout } = await run('git', args, { maxBuffer: 16 * 1024 * 1024 });
    return stdout.split('\n').filter(Boolean);
  };
  try {
    const lines = await log(from, to);
    return lines.length > 0
      ? { range, back: false, lines }
      : { range, back: true, lines: await log(to, from) };
  } catch {
    return undefined;
  }
}
