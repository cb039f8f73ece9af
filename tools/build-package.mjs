// Builds a package for publishing: JavaScript, declarations, and the files beside the sources that it needs at run time.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

const root = process.argv[2] ?? 'packages/gitops';
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');

rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

for (const file of readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })) {
  const from = join(file.parentPath, file.name);
  const isAsset = file.name.endsWith('.json') || from.split(/[\\/]/).includes('files');
  if (!file.isFile() || !isAsset) continue;
  const to = join(root, 'dist', relative(join(root, 'src'), from));
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

// npm does the same where it installs the package, but not where it links the checkout.
const { bin = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const file of Object.values(bin)) chmodSync(join(root, file), 0o755);

// npm shows these with the package.
for (const file of ['README.md', 'LICENSE']) cpSync(file, join(root, file));
