import ignore, { type Ignore } from 'ignore';

/**
 * Tells what git and Nx ignore in a workspace, without starting git: by the .gitignore files of the root and
 * of the directories on the way, and by the root's .nxignore, which for Nx has the last word.
 * What only one machine ignores (.git/info/exclude, core.excludesFile) is left out on purpose.
 * Source: gitignore(5), "PATTERN FORMAT".
 */
export class GitIgnore {
  /** For each directory the patterns of the .gitignore files down to it, and the rules that they make. */
  private readonly rules = new Map<string, Rules>();
  private readonly directories = new Map<string, boolean>();
  private readonly nxignore: string;

  /** @param readFile reads a text file of the workspace; undefined where there is none */
  constructor(private readonly readFile: (path: string) => string | undefined) {
    this.nxignore = readFile('.nxignore') ?? '';
  }

  /**
   * @param path relative to the workspace, with `/`
   * @param isDirectory a pattern with a slash at its end matches directories only
   */
  ignores(path: string, isDirectory = false): boolean {
    if (path === '' || path === '.') return false;
    if (!isDirectory) return this.decide(path, path);
    let ignored = this.directories.get(path);
    if (ignored === undefined) this.directories.set(path, (ignored = this.decide(path, `${path}/`)));
    return ignored;
  }

  private decide(path: string, marked: string): boolean {
    const parent = parentOf(path);
    // Nothing brings back what lies in an ignored directory, so its .gitignore is not even read.
    return this.ignores(parent, true) || this.rulesOf(parent).ignore.ignores(marked);
  }

  private rulesOf(directory: string): Rules {
    let rules = this.rules.get(directory);
    if (!rules) this.rules.set(directory, (rules = this.readRules(directory)));
    return rules;
  }

  private readRules(directory: string): Rules {
    const above = directory === '' ? undefined : this.rulesOf(parentOf(directory));
    const text = this.readFile(directory === '' ? '.gitignore' : `${directory}/.gitignore`);
    if (above && text === undefined) return above;
    const patterns = [...(above?.patterns ?? []), ...patternsIn(text ?? '', directory)];
    return {
      patterns,
      ignore: ignore({ ignoreCase: false }).add(patterns).add(this.nxignore),
    };
  }
}

interface Rules {
  readonly patterns: readonly string[];
  readonly ignore: Ignore;
}

/** The patterns of `directory`'s .gitignore, as if they stood in the root's. */
function patternsIn(text: string, directory: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => !/^(?:#|!?\/*\s*$)/.test(line))
    .map((line) => anchor(line, directory));
}

function anchor(line: string, directory: string): string {
  const [, not = '', pattern = ''] = /^(!?)(.*)$/s.exec(line)!;
  const root = directory === '' ? [] : directory.replace(/[\\*?[]/g, '\\$&').split('/');
  // A slash before the end ties a pattern to its directory; without one it holds at any depth.
  const depth = pattern.trimEnd().slice(0, -1).includes('/') ? [] : ['**'];
  const segments = [...root, ...depth, ...pattern.replace(/^\//, '').split('/')];
  return `${not}/${withPlainStars(segments).join('/')}`;
}

/** Stars as git reads them, in the forms in which `ignore` reads them too: not `a**`, `***`, `**` twice or last. */
function withPlainStars(segments: readonly string[]): string[] {
  const plain = segments.map((segment) =>
    /^\*{2,}$/.test(segment) ? '**' : segment.replace(/(?<!\\)\*{2,}/g, '*'),
  );
  return plain.flatMap((segment, index) => {
    const next = plain[index + 1];
    if (segment !== '**') return [segment];
    if (next === '**') return [];
    return next === undefined || next === '' ? ['**', '*'] : ['**'];
  });
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
