// The package as users get it, in a node_modules of its own: built, and only the files that are published.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Builds the package, and makes a node_modules of it and of what is installed in the checkout.
 * @returns the package's directory
 */
export function stage(root, directory) {
  const source = join(root, 'packages', 'gitops');
  const build = spawnSync(process.execPath, ['tools/build-package.mjs', source], {
    cwd: root,
    stdio: 'inherit',
  });
  if (build.status !== 0) throw new Error('the package does not build');

  const modules = join(directory, 'node_modules');
  mkdirSync(modules, { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== 'gitops' && !name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(modules, name));

  const target = join(modules, 'gitops');
  mkdirSync(target);
  const { files } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  for (const file of ['package.json', ...files])
    cpSync(join(source, file), join(target, file), { recursive: true });
  return target;
}
