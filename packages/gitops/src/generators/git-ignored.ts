import type { Tree } from '@nx/devkit';
import { GitIgnore } from '../workspace/gitignore';

const FILE = '.gitignore';

/** What git ignores, as the tree has it. */
export function gitIgnoreOf(tree: Tree): GitIgnore {
  return new GitIgnore((path) => (tree.isFile(path) ? (tree.read(path, 'utf8') ?? undefined) : undefined));
}

/**
 * Has git ignore what it does not ignore yet, at the end of the root's .gitignore.
 * @param directories by the line that ignores it, a directory: `.gitops/` → `.gitops/store`
 */
export function ignoreInGit(tree: Tree, directories: Readonly<Record<string, string>>): void {
  const rules = gitIgnoreOf(tree);
  const lines = Object.keys(directories).filter((line) => !rules.ignores(directories[line]!, true));
  if (lines.length === 0) return;
  const text = tree.read(FILE, 'utf8') ?? '';
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const start = text === '' || text.endsWith('\n') ? text : text + end;
  tree.write(FILE, start + lines.map((line) => line + end).join(''));
}
