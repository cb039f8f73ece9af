import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { succeed } from './process';

export const REPOSITORY = resolve(__dirname, '../..');
export const NX_VERSION = '23.2.1';
/** Nx, as every workspace here has it. */
export const NX = [`nx@${NX_VERSION}`, `@nx/devkit@${NX_VERSION}`];
const PACKAGE = 'packages/gitops';

/** The root package.json of every workspace here: what is installed in it was installed once, from the packed plugin. */
export const MANIFEST = {
  name: 'shop',
  version: '0.0.0',
  private: true,
};

/** What `makeTemplate` makes. */
export interface Template {
  /** The directory with the node_modules. */
  readonly directory: string;
  /** The packed plugin. */
  readonly tarball: string;
}

/**
 * Packs the plugin as it would be published, and installs it with Nx: the node_modules of every workspace here.
 * Nothing is written into the checkout.
 */
export async function makeTemplate(directory: string): Promise<Template> {
  const tarball = await pack(join(directory, 'package'));
  const template = join(directory, 'template');
  mkdirSync(template, { recursive: true });
  writeFileSync(join(template, 'package.json'), JSON.stringify(MANIFEST));
  await install(template, [...NX, tarball]);
  return { directory: template, tarball };
}

/** Installs packages, with their peers, as a user would. */
export async function install(directory: string, packages: readonly string[]): Promise<void> {
  const args = ['install', '--save-dev', '--save-exact', '--no-audit', '--no-fund', '--prefer-offline'];
  await succeed('npm', [...args, ...packages], { cwd: directory });
}

/** Builds a copy of the package, so that others may build in the checkout at the same time. */
async function pack(staging: string): Promise<string> {
  const inStaging = join(staging, PACKAGE);
  mkdirSync(inStaging, { recursive: true });
  cpSync(join(REPOSITORY, PACKAGE), inStaging, {
    recursive: true,
    filter: (path) =>
      !['dist', 'test', 'node_modules'].some((name) => path === join(REPOSITORY, PACKAGE, name)),
  });
  for (const file of ['tsconfig.base.json', 'README.md', 'LICENSE'])
    cpSync(join(REPOSITORY, file), join(staging, file));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(staging, 'node_modules'));
  await succeed(process.execPath, [join(REPOSITORY, 'tools/build-package.mjs'), PACKAGE], { cwd: staging });
  return npmPack(inStaging, staging);
}

/** @returns the tarball */
export async function npmPack(directory: string, destination: string): Promise<string> {
  const packed = await succeed('npm', ['pack', '--json', '--pack-destination', destination], {
    cwd: directory,
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  return join(destination, filename);
}
