import type { Tree } from '@nx/devkit';
import { posix } from 'node:path';
import { type Artefact, findArtefact } from './artefact';
import { type Install, planInstall } from './install';
import type { Kind } from './kind';
import type { Projects } from '../projects';
import { type Subject, readManifest } from './subject';

/** What an image is made of, beside its base. Paths are relative to the workspace. */
export interface Ingredients {
  readonly artefact: Artefact;
  readonly install?: Install;
  /** The package.json by which Node knows how to read the files, where nothing else brings it along. */
  readonly manifest?: string;
}

/**
 * Finds what an image is made of.
 * @param given the path of the artefact, where the user said it
 * @throws GitopsError where something of it is missing, or not known
 */
export function gather(
  tree: Tree,
  kind: Exclude<Kind, 'base'>,
  subject: Subject,
  given: string | undefined,
  projects: Projects,
): Ingredients {
  const artefact = findArtefact(tree, kind, subject, given);
  if (kind !== 'node') return { artefact };
  const packages = Object.values(projects).flatMap(({ root }) => readManifest(tree, root).name ?? []);
  const install = planInstall(tree, subject, new Set(packages));
  if (install) return { artefact, install };
  const isModule = subject.manifest.type === 'module' && posix.extname(artefact.path) === '.js';
  const isCopied = artefact.source === subject.root;
  return isModule && !isCopied
    ? { artefact, manifest: posix.join(subject.root, 'package.json') }
    : { artefact };
}

/** All that is copied from the build context. */
export function sourcesOf({ artefact, install, manifest }: Ingredients): string[] {
  const copied = install?.copies.flatMap(({ sources }) => sources) ?? [];
  return [artefact.source, ...copied, ...(manifest === undefined ? [] : [manifest])];
}
