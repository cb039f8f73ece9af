import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Document, LineCounter, Node } from 'yaml';
import { repositoryName } from '../oci/names';
import { GitopsError } from '../support/errors';

export const SETTINGS_FILE = 'gitops.yaml';
export const DEFAULT_STORE = 'oci:.gitops/store';
const DEFAULT_RINGS = ['developers'];
const KEYS = ['project', 'vendor', 'store', 'root', 'rings', 'environments', 'sites', 'initialVersion'];

/** What gitops.yaml says, defaults filled in. */
export interface Settings {
  /** The first part of every reference name: `acme/shop`. */
  readonly project: string;
  readonly vendor?: string;
  /** The state store: a registry's name, or `oci:<directory>`. */
  readonly store: string;
  /** In their order, without `ante` and `post`. */
  readonly rings: readonly string[];
}

/**
 * Reads gitops.yaml at the workspace's root. Without the file there are defaults: the project is called as the
 * root package.json is.
 *
 * @throws GitopsError with the line, where the file is not as it should be
 */
export function readSettings(workspaceRoot: string): Settings {
  const text = readIfThere(join(workspaceRoot, SETTINGS_FILE));
  const defaults = defaultSettings(workspaceRoot);
  return text === undefined ? defaults : { ...defaults, ...parseSettings(text) };
}

/** What holds without a gitops.yaml. */
export function defaultSettings(workspaceRoot: string): Settings {
  return { project: workspaceName(workspaceRoot), store: DEFAULT_STORE, rings: DEFAULT_RINGS };
}

function parseSettings(text: string): Partial<Settings> {
  // Only needed where there is a gitops.yaml; the project graph is made without it otherwise.
  const yaml = require('yaml') as typeof import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines });
  const [syntaxError] = document.errors;
  if (syntaxError) {
    const [what] = syntaxError.message.split('\n');
    throw new GitopsError(what!.replace(/ at line .*$/, ''), {
      file: SETTINGS_FILE,
      line: syntaxError.linePos?.[0].line,
    });
  }
  const fail = failing(document, lines);
  const value = valueOf(document, fail);
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw fail([], 'it has to be a mapping, such as project: acme/shop');
  const settings = value as Record<string, unknown>;
  for (const key of Object.keys(settings))
    if (!KEYS.includes(key)) throw fail([key], `unknown key ${key}`, `use one of ${KEYS.join(', ')}`);
  for (const key of ['project', 'vendor', 'store'])
    if (key in settings && (typeof settings[key] !== 'string' || settings[key].trim() === ''))
      throw fail([key], `${key} has to be a text`);
  if ('project' in settings) checkProject(settings['project'] as string, fail);
  return {
    ...pick(settings, ['project', 'vendor', 'store']),
    ...('rings' in settings ? { rings: ringNames(settings['rings'], fail) } : {}),
  };
}

function valueOf(document: Document.Parsed, fail: Fail): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // An alias of nothing, or of too much. The parser does not say where.
    throw fail([], (error as Error).message, 'write it out in full');
  }
}

type Fail = (path: (string | number)[], what: string, remedy?: string) => GitopsError;

function failing(document: Document.Parsed, lines: LineCounter): Fail {
  return (path, what, remedy) => {
    const node = document.getIn(path, true) as Node | undefined;
    const offset = node?.range?.[0] ?? 0;
    return new GitopsError(what, { file: SETTINGS_FILE, line: lines.linePos(offset).line }, remedy);
  };
}

function checkProject(project: string, fail: Fail): void {
  try {
    repositoryName(project);
  } catch (error) {
    throw fail(['project'], (error as GitopsError).what, (error as GitopsError).remedy);
  }
}

function ringNames(rings: unknown, fail: Fail): string[] {
  if (!Array.isArray(rings) || rings.length === 0)
    throw fail(['rings'], 'rings has to be a list of at least one ring');
  return rings.map((ring: unknown, i) => {
    const name = typeof ring === 'object' && ring !== null && 'name' in ring ? ring.name : ring;
    if (typeof name !== 'string')
      throw fail(['rings', i], 'a ring has to be a name, or a mapping with a name');
    if (name === 'ante' || name === 'post')
      throw fail(['rings', i], `the ring ${name} is always there`, 'leave it out of the list');
    return name;
  });
}

function pick(settings: Record<string, unknown>, keys: string[]): Partial<Settings> {
  return Object.fromEntries(keys.filter((key) => key in settings).map((key) => [key, settings[key]]));
}

/** `@acme/shop` → `acme/shop`; a name that no registry takes is made one. */
function workspaceName(workspaceRoot: string): string {
  const text = readIfThere(join(workspaceRoot, 'package.json'));
  let name: unknown;
  try {
    name = text === undefined ? undefined : (JSON.parse(text) as { name?: unknown }).name;
  } catch {
    // A package.json that cannot be read is npm's to complain about.
  }
  return typeof name === 'string' && name !== '' ? repositoryPath(name) : 'workspace';
}

/** Any name as a repository's: lower case, with dashes for what is not allowed. */
export function repositoryPath(name: string): string {
  const parts = name
    .replace(/^@/, '')
    .toLowerCase()
    .split('/')
    .map((part) => part.replace(/[^a-z0-9._-]+/g, '-').replace(/^[._-]+|[._-]+$/g, ''))
    // Of what may stand between letters only these may stand together.
    .map((part) => part.replace(/[._-]{2,}/g, (run) => (/^(__|-+)$/.test(run) ? run : '-')));
  return parts.filter((part) => part !== '').join('/') || 'workspace';
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new GitopsError(`it cannot be read (${code})`, { file: basename(file) });
  }
}
