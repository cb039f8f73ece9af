import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useDirectory } from '../../test/support/files';
import { headCommit } from './git-commit';

const directory = useDirectory();

/** What git itself says. */
function git(cwd: string, ...args: string[]): string {
  const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  return execFileSync('git', [...author, ...args], { cwd, encoding: 'utf8', stdio: 'pipe' }).trim();
}

function repository(): string {
  const path = join(directory(), 'repository');
  mkdirSync(join(path, 'apps/api'), { recursive: true });
  git(path, 'init', '--quiet', '--initial-branch=main');
  git(path, 'commit', '--quiet', '--allow-empty', '--message=One');
  return path;
}

describe('the commit that is checked out', () => {
  it.each<[string, (path: string) => string]>([
    ['on a branch', (path) => path],
    ['from a directory below', (path) => join(path, 'apps/api')],
    [
      'with packed references',
      (path) => {
        git(path, 'pack-refs', '--all');
        return path;
      },
    ],
    [
      'without a branch',
      (path) => {
        git(path, 'checkout', '--quiet', '--detach');
        return path;
      },
    ],
    [
      'in a worktree',
      (path) => {
        git(path, 'worktree', 'add', '--quiet', '-b', 'other', join(directory(), 'worktree'));
        git(join(directory(), 'worktree'), 'commit', '--quiet', '--allow-empty', '--message=Two');
        return join(directory(), 'worktree');
      },
    ],
  ])('%s', (_, prepare) => {
    const path = prepare(repository());
    expect(headCommit(path)).toBe(git(path, 'rev-parse', 'HEAD'));
  });

  it('is none before the first, nor where there is no repository', () => {
    git(directory(), 'init', '--quiet');
    expect(headCommit(directory())).toBeUndefined();
    expect(headCommit('/')).toBeUndefined();
  });

  it('is none where HEAD names something else', () => {
    mkdirSync(join(directory(), '.git'));
    writeFileSync(join(directory(), 'secret'), 'a'.repeat(40));
    writeFileSync(join(directory(), '.git/HEAD'), 'ref: refs/../../secret\n');
    expect(headCommit(directory())).toBeUndefined();
  });
});
