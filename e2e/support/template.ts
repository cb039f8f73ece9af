import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { succeed } from './process';

export const REPOSITORY = resolve(__dirname, '../..');
const NX_VERSION = '23.2.1';
const PACKAGE = 'packages/gitops';

/** The root package.json of every workspace here: what is installed in it was installed once, from the packed plugin. */
export const MANIFEST = {
  name: 'shop',
  version: '0.0.0',
  private: true,
};

/**
 * Packs the plugin as it would be published, and installs it with Nx: the node_modules of every workspace here.
 * Nothing is written into the checkout.
 * @returns the directory with the node_modules
 */
export async function makeTemplate(directory: string): Promise<string> {
  const tarball = await pack(join(directory, 'package'));
  const template = join(directory, 'template');
  mkdirSync(template, { recursive: true });
  writeFileSync(join(template, 'package.json'), JSON.stringify(MANIFEST));
  const packages = [`nx@${NX_VERSION}`, `@nx/devkit@${NX_VERSION}`, tarball];
  await succeed('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], {
    cwd: template,
  });
  return template;
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
  const packed = await succeed('npm', ['pack', '--json', '--pack-destination', staging], { cwd: inStaging });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  return join(staging, filename);
}
