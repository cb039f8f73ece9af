// The web server is the static binary that esbuild's package carries; any other one would do.
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
mkdirSync('dist', { recursive: true });
copyFileSync(require.resolve('@esbuild/linux-x64/bin/esbuild'), 'dist/server');
