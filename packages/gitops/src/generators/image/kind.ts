import type { Tree } from '@nx/devkit';
import { posix } from 'node:path';
import type { Subject } from './subject';

/** What an image is for; each is described in the schema. */
export type Kind = 'node' | 'static' | 'base' | 'scratch';

/** Executors whose output only Node runs. */
const NODE = /^@nx\/(js|esbuild|node|nest):/;
/** Executors and commands that make a web site, unless the project says how to start it. */
const WEB = /^@nx\/(vite|web|angular|rspack|rollup):|^@angular|^(npx )?(vite|ng|astro|parcel)\b/;
const BUNDLER = /^@nx\/webpack:|^(npx )?webpack(-cli)?\b/;

const OF_AN_IMAGE = /^(Containerfile|Dockerfile|(project|package)\.json$|\.(docker|container)ignore$)/;

/** The kind that fits a project: by what builds it, and by the files in it. */
export function detectKind(tree: Tree, { root, build, manifest }: Subject): Kind {
  const maker = build ? (/^(nx:run-commands|)$/.test(build.executor) ? build.command : build.executor) : '';
  const hasPage = (directory: string): boolean => tree.isFile(posix.join(root, directory, 'index.html'));
  if (NODE.test(maker)) return 'node';
  if (build?.options['target'] === 'node') return 'node';
  if (hasPage('.') || hasPage('src')) return 'static';
  if (manifest.main !== undefined || manifest.scripts?.['start'] !== undefined) return 'node';
  if (BUNDLER.test(maker)) return 'node';
  if (WEB.test(maker) || hasPage('public')) return 'static';
  if (manifest.dependencies !== undefined) return 'node';
  return hasFiles(tree, root) ? 'scratch' : 'base';
}

/** Whether there is something beside what makes a directory an image. */
function hasFiles(tree: Tree, root: string): boolean {
  return tree.exists(root) && tree.children(root).some((name) => !OF_AN_IMAGE.test(name));
}
