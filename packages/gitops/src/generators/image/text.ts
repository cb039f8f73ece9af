import { posix } from 'node:path';
import type { Artefact } from './artefact';
import type { Ingredients } from './ingredients';

/** What all kinds have in common. */
export interface Frame {
  /** What FROM names. */
  readonly base: string;
  /** The directory that COPY takes from, relative to the workspace. */
  readonly context: string;
}

/** Where web servers look for what they serve, by what their images are called. */
const SERVED: readonly (readonly [RegExp, string])[] = [
  [/nginx/, '/usr/share/nginx/html/'],
  [/httpd/, '/usr/local/apache2/htdocs/'],
  [/caddy/, '/usr/share/caddy/'],
];
const SERVED_OTHERWISE = '/www/';

/** A pattern without stars is about the top of the build context: a build may well bring packages of its own. */
const NEVER_COPIED = ['node_modules', '.git', '.nx', '.gitops', '**/.env', '**/.env.*'];

const USER = ['# A number, by which Kubernetes can tell that it is not root.', 'USER 1000'];

/**
 * An application that Node runs. What is installed is made before the application's files are copied, so that a
 * change of these installs nothing.
 */
export function nodeText(
  { base, context }: Frame,
  root: string,
  { artefact: { path, source, home }, install, manifest }: Ingredients,
): string {
  const take = (sources: readonly string[], to: string, isDirectory = false): string =>
    copy(
      sources.map((each) => inContext(each, context, isDirectory)),
      to,
    );
  const main = posix.relative(home, path);
  return lines([
    ...(install
      ? [
          '# What it needs at run time: installed anew only when what is copied here changes.',
          `FROM ${base} AS dependencies`,
          'WORKDIR /app',
          ...install.setUp.map((command) => `RUN ${command}`),
          ...install.copies.map(({ sources, to, isDirectory }) => take(sources, to, isDirectory)),
          `RUN ${install.command}`,
          '',
        ]
      : []),
    `FROM ${base}`,
    'ENV NODE_ENV=production',
    `WORKDIR ${install?.inPlace ? posix.join('/app', root) : '/app'}`,
    ...(install ? ['COPY --from=dependencies /app/ /app/'] : []),
    ...(manifest === undefined ? [] : [take([manifest], './')]),
    take([source], place(posix.relative(home, source)), true),
    ...USER,
    `CMD ["node", ${JSON.stringify(main)}]`,
  ]);
}

/** Files that a web server serves. */
export function staticText({ base, context }: Frame, { source }: Artefact): string {
  const [, directory = SERVED_OTHERWISE] = SERVED.find(([name]) => name.test(base)) ?? [];
  return lines([`FROM ${base}`, copy([inContext(source, context, true)], directory)]);
}

/** A program that needs nothing but itself. */
export function scratchText({ context }: Pick<Frame, 'context'>, { path }: Artefact): string {
  const program = `/${posix.basename(path)}`;
  return lines([
    'FROM scratch',
    copy([inContext(path, context, false)], program),
    ...USER,
    `ENTRYPOINT [${JSON.stringify(program)}]`,
  ]);
}

/**
 * What other images are made from.
 * @param reference how these refer to it
 * @param authors who is behind them
 */
export function baseText({ base }: Pick<Frame, 'base'>, reference: string, authors: string): string {
  return lines([
    `# What images of this workspace have in common, which begin with FROM ${reference}.`,
    `FROM ${base}`,
    '# Labels here are theirs too.',
    `LABEL org.opencontainers.image.authors=${JSON.stringify(authors).replaceAll('$', '\\$')}`,
    '# COPY files here that all need, such as certificates. A RUN belongs here as well; it needs a container engine.',
  ]);
}

/**
 * What COPY never takes.
 * @param more of this image
 */
export function ignoreText(more: readonly string[]): string {
  return lines([...NEVER_COPIED, ...more]);
}

/** In JSON where a path has blanks, at which COPY takes words apart. */
function copy(sources: readonly string[], to: string): string {
  const words = [...sources, to];
  return words.some((word) => /\s/.test(word))
    ? `COPY [${words.map((word) => JSON.stringify(word)).join(', ')}]`
    : `COPY ${words.join(' ')}`;
}

function inContext(path: string, context: string, isDirectory: boolean): string {
  const relative = posix.relative(context, path);
  if (relative === '') return '.';
  return isDirectory ? `${relative}/` : relative;
}

function place(relative: string): string {
  return relative === '' ? './' : `./${relative}/`;
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
