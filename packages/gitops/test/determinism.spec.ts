import { chmodSync, cpSync, existsSync, lchownSync, lstatSync, lutimesSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Recipe, build } from './support/build';
import { anyName } from './support/entries';
import {
  type Files,
  listAll,
  listFiles,
  makeDirectory,
  removeDirectory,
  useDirectory,
  writeFiles,
} from './support/files';
import { isRoot } from './support/unprivileged';

const directory = useDirectory();

const FILES: Files = {
  'src/main': { content: 'main', mode: 0o755 },
  'src/é/data': Buffer.alloc(300_000, 'data'),
  'src/link': { link: 'main' },
  'src/empty': { directory: true },
  'package.json': '{}',
};
const CONTAINERFILE = `FROM scratch AS build
COPY src /src/
FROM scratch
WORKDIR /app
COPY --chown=1:2 --from=build /src .
COPY --chmod=600 package.json <<EOF /etc/app/
some text
EOF
ENV A=1 B=2
LABEL z=1 a=2
EXPOSE 80 443
VOLUME /v1 /v0
CMD main
`;

/**
 * Makes a checkout look as on another machine: other times, other owners, another umask. What its links lead to is
 * left alone: that may be anything.
 */
function anotherMachine(root: string, mask: number, seed: number): void {
  for (const name of listAll(root).reverse()) {
    const path = join(root, name);
    const stat = lstatSync(path);
    if (isRoot) lchownSync(path, 1000 + seed, 2000 + seed);
    if (!stat.isSymbolicLink()) chmodSync(path, stat.mode & 0o7777 & ~mask);
    lutimesSync(path, 1_000_000 + seed, 2_000_000 + seed);
  }
}

/** All blobs of a layout. */
function blobs(output: string): Map<string, Buffer> {
  const root = join(output, 'image', 'blobs', 'sha256');
  return new Map(listFiles(root).map((name) => [name, readFileSync(join(root, name))]));
}

async function buildAt(recipe: Recipe, name: string) {
  const output = join(directory(), name);
  const [image] = await build(recipe, output);
  return { digest: image!.descriptor.digest, blobs: blobs(output) };
}

describe('two builds give the same bytes', () => {
  it.each<[name: string, change: (root: string) => void]>([
    ['one after the other', () => undefined],
    ['on another machine', (root) => anotherMachine(root, 0o022, 7)],
    ['with a umask of 077', (root) => anotherMachine(root, 0o077, 0)],
    ['at a time long ago', (root) => anotherMachine(root, 0, -999)],
  ])('%s', async (_name, change) => {
    const root = writeFiles(join(directory(), 'one'), FILES);
    const other = join(directory(), 'another', 'checkout');
    cpSync(root, other, { recursive: true, verbatimSymlinks: true });
    change(other);
    const first = await buildAt({ root, containerfile: CONTAINERFILE }, 'first');
    const second = await buildAt({ root: other, containerfile: CONTAINERFILE }, 'second');
    expect(second).toEqual(first);
  });

  it('in processes with another umask, language and time zone', async () => {
    const root = writeFiles(join(directory(), 'one'), FILES);
    const first = await buildAt({ root, containerfile: CONTAINERFILE }, 'first');
    const umask = process.umask(0o077);
    const { TZ, LANG } = process.env;
    Object.assign(process.env, { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8' });
    try {
      expect(await buildAt({ root, containerfile: CONTAINERFILE }, 'second')).toEqual(first);
    } finally {
      process.umask(umask);
      Object.assign(process.env, { TZ: TZ ?? '', LANG: LANG ?? '' });
      if (TZ === undefined) delete process.env['TZ'];
      if (LANG === undefined) delete process.env['LANG'];
    }
  });

  it('of any files', async () => {
    const path = fc.array(
      anyName.filter((name) => Buffer.byteLength(name) < 200),
      { minLength: 1, maxLength: 3 },
    );
    const spec = fc.oneof(
      fc.record({
        content: fc.string({ maxLength: 2000 }),
        mode: fc.constantFrom(0o644, 0o755, 0o600, 0o700),
      }),
      fc.record({ link: fc.constantFrom('x', './x', '/not/there', 'a b') }),
    );
    const tree = fc.array(fc.tuple(path, spec), { maxLength: 6 }).map((entries) => {
      const all = entries.map(([parts, spec]) => [parts.join('/'), spec] as const);
      const usable = all.filter(([path]) => !all.some(([other]) => other.startsWith(`${path}/`)));
      return Object.fromEntries(usable) as Files;
    });
    await fc.assert(
      fc.asyncProperty(tree, fc.nat(1000), fc.constantFrom(0o022, 0o077, 0), async (files, seed, mask) => {
        const top = makeDirectory();
        try {
          const containerfile = 'FROM scratch\nCOPY . /all/\n';
          const root = writeFiles(join(top, 'one'), files);
          const other = writeFiles(
            join(top, 'another', 'one'),
            Object.fromEntries(Object.entries(files).reverse()),
          );
          anotherMachine(other, mask, seed);
          const [first] = await build({ root, containerfile }, join(top, 'out1'));
          const [second] = await build({ root: other, containerfile }, join(top, 'out2'));
          expect(second!.manifest).toEqual(first!.manifest);
        } finally {
          removeDirectory(top);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('and leave nothing beside them', async () => {
    const root = writeFiles(join(directory(), 'one'), FILES);
    const { blobs } = await buildAt({ root, containerfile: CONTAINERFILE }, 'first');
    expect([...blobs.keys()].every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
    expect(existsSync(join(directory(), 'first', 'scratch'))).toBe(false);
    expect(listFiles(root)).toEqual(['package.json', 'src/link', 'src/main', 'src/é/data']);
  });
});
