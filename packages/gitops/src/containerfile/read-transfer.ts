import { ContainerfileError, quoted } from './errors';
import { readFlags, type FlagKind } from './flags';
import { parseHeredocHeader, toHeredoc } from './heredocs';
import type { Add, Copy } from './instructions';
import { jsonWords, type Statement } from './statement';
import { splitBlanks } from './text';

const COMMON = {
  chown: 'text',
  chmod: 'text',
  link: 'boolean',
  parents: 'boolean',
  exclude: 'list',
} as const satisfies Record<string, FlagKind>;
const COPY_FLAGS = { ...COMMON, from: 'text' } as const;
const ADD_FLAGS = { ...COMMON, checksum: 'text', 'keep-git-dir': 'boolean', unpack: 'boolean' } as const;

export function readCopy(statement: Statement): Copy {
  const flags = readFlags('COPY', statement.flags, COPY_FLAGS, statement.place);
  refuseVariable(flags.from, statement);
  return {
    keyword: 'COPY',
    ...statement.located,
    ...readPaths(statement),
    ...commonOf(flags),
    from: flags.from || undefined,
  };
}

export function readAdd(statement: Statement): Add {
  const flags = readFlags('ADD', statement.flags, ADD_FLAGS, statement.place);
  return {
    keyword: 'ADD',
    ...statement.located,
    ...readPaths(statement),
    ...commonOf(flags),
    checksum: flags.checksum,
    keepGitDir: flags['keep-git-dir'] ?? false,
    unpack: flags.unpack,
  };
}

/** BuildKit expands no variables in `--from`: which stages are needed must be plain before anything is built. */
export function refuseVariable(from: string | undefined, { keyword, place }: Statement): void {
  if (!from?.includes('$')) return;
  throw new ContainerfileError(
    `${keyword} takes no variables in from=${quoted(from)}`,
    place,
    `write FROM ${from} AS name before this stage, and from=name here`,
  );
}

function commonOf(flags: {
  chown?: string;
  chmod?: string;
  link?: boolean;
  parents?: boolean;
  exclude: string[];
}) {
  const { chown, chmod, link = false, parents = false, exclude } = flags;
  return { chown, chmod, link, parents, exclude };
}

function readPaths(statement: Statement): Pick<Copy, 'sources' | 'destination' | 'json' | 'heredocs'> {
  const { keyword, place } = statement;
  const json = jsonWords(statement);
  const words = json ?? splitBlanks(statement.args);
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) {
    throw new ContainerfileError(
      `${keyword} takes a source and a destination at least`,
      place,
      `write ${keyword} source ... destination`,
    );
  }
  if (!json && parseHeredocHeader(destination)) {
    throw new ContainerfileError(
      `a heredoc is not a destination of ${keyword}`,
      place,
      'write the destination last',
    );
  }
  const sources = words.slice(0, -1).map((word) => {
    const header = json ? undefined : parseHeredocHeader(word);
    return header ? `<<${header.name}` : word;
  });
  return { sources, destination, json: json !== undefined, heredocs: statement.heredocs.map(toHeredoc) };
}
