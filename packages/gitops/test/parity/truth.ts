import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Difference, ParityCase } from './cases';
import type { ParityResult } from './compare';
import { digest, type FileEntry, type FileTree, formatTree, parseTree, type ParityConfig } from './image';

const file = path.join(__dirname, 'truth.json');

/** The case whose files the truth of others is written on top of, to keep it short. */
export const baseCase = 'the base alone';

interface Truth {
  /** Who gave it. */
  engine: string;
  cases: Record<string, TruthEntry>;
}

interface TruthEntry {
  /** Where no engine was asked: what it rests on. */
  by?: string;
  /** The paths that the ignore file lets through, directories too. Only for cases that have one. */
  sent?: string[];
  error?: string;
  config?: ParityConfig;
  /** On top of the files of this case; null takes one away. */
  on?: string;
  files?: Record<string, string | null>;
}

let loaded: Truth | undefined;

function load(): Truth {
  loaded ??= JSON.parse(fs.readFileSync(file, 'utf8')) as Truth;
  return loaded;
}

/** What the engine made of a case when the truth was recorded. */
export function recordedTruth(c: Pick<ParityCase, 'name'>): ParityResult {
  const entry = entryOf(c.name);
  if (entry.error !== undefined) return { error: entry.error };
  return { files: filesOf(entry), config: entry.config ?? {} };
}

/** The paths that the case's ignore file lets through; undefined if it has none. */
export function sentPaths(c: Pick<ParityCase, 'name'>): readonly string[] | undefined {
  return entryOf(c.name).sent;
}

export function hasTruth(name: string): boolean {
  return fs.existsSync(file) && name in load().cases;
}

function entryOf(name: string): TruthEntry {
  const entry = load().cases[name];
  if (!entry)
    throw new Error(
      `no truth is recorded for '${name}': GITOPS_PARITY=record, see README.md beside the cases`,
    );
  return entry;
}

function filesOf(entry: TruthEntry): FileTree {
  const below: FileTree = entry.on === undefined ? new Map() : filesOf(entryOf(entry.on));
  const taken = Object.entries(entry.files ?? {}).filter(([, line]) => line === null);
  const given = Object.entries(entry.files ?? {}).filter(([, line]) => line !== null) as [string, string][];
  for (const [name] of taken) below.delete(name);
  for (const [name, item] of parseTree(Object.fromEntries(given))) below.set(name, item);
  return below;
}

/**
 * What our own builders may make of a case: the truth, or what they give instead for a stated reason, or
 * either. The first is the one to name where none fits.
 */
export function expectations(c: ParityCase): ParityResult[] {
  const truth = recordedTruth(c);
  if (!c.differs) return [truth];
  const ours = changed(c.differs, truth);
  return c.differs.optional ? [ours, truth] : [ours];
}

function changed({ error, because, files, config }: Difference, truth: ParityResult): ParityResult {
  if (error) return { error: because };
  const tree: FileTree = new Map(truth.error === undefined ? truth.files : []);
  for (const [name, { content, ...fields }] of Object.entries(files ?? {})) {
    tree.set(name, {
      ...(tree.get(name) as FileEntry),
      ...fields,
      ...(content === undefined ? {} : contentOf(content)),
    });
  }
  const before: ParityConfig = truth.error === undefined ? truth.config : defaultConfig;
  return { files: tree, config: { ...before, ...config } };
}

/** What BuildKit gives an image that says nothing. */
const defaultConfig: ParityConfig = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  WorkingDir: '/',
};

function contentOf(text: string): Pick<FileEntry, 'size' | 'sha256'> {
  const bytes = Buffer.from(text);
  return { size: bytes.length, sha256: digest(bytes) };
}

/** For what the engine at hand does not know. */
function documented(c: ParityCase): TruthEntry {
  const by = 'the documentation';
  if (c.expectError) return { by, error: 'an error' };
  const files: FileTree = new Map();
  for (const [name, { content, mode = 0o644, uid = 0, gid = 0 }] of Object.entries(c.documented ?? {})) {
    const parent = name.split('/').slice(0, -1).join('/');
    if (parent) files.set(parent, { type: 'dir', mode: 0o755, uid: 0, gid: 0 });
    files.set(name, { type: 'file', mode, uid, gid, ...contentOf(content) });
  }
  const on = 'base.tar' in (c.context ?? {}) ? { on: baseCase } : {};
  return { by, config: { ...defaultConfig, ...c.documentedConfig }, ...on, files: formatTree(files) };
}

export interface Recorded {
  case: ParityCase;
  /** Undefined where the engine could not be asked: the documentation stands in. */
  result?: ParityResult | undefined;
  sent?: readonly string[] | undefined;
}

export function writeTruth(engine: string, recorded: Recorded[]): void {
  const base = recorded.find(({ case: c }) => c.name === baseCase)?.result;
  const baseLines = base && base.error === undefined ? formatTree(base.files) : {};
  const entries = recorded.map(({ case: c, result, sent }): [string, TruthEntry] => {
    if (!result) return [c.name, documented(c)];
    const common = sent ? { sent: [...sent].sort() } : {};
    if (result.error !== undefined) return [c.name, { ...common, error: result.error }];
    const lines = formatTree(result.files);
    const onBase =
      c.name !== baseCase && 'usr/bin/su' in lines && 'srv/sub' in lines && 'etc/passwd' in lines;
    return [
      c.name,
      {
        ...common,
        config: result.config,
        ...(onBase ? { on: baseCase, files: difference(baseLines, lines) } : { files: lines }),
      },
    ];
  });
  const truth: Truth = { engine, cases: Object.fromEntries(entries) };
  fs.writeFileSync(file, JSON.stringify(truth, null, 2) + '\n');
}

function difference(
  base: Record<string, string>,
  lines: Record<string, string>,
): Record<string, string | null> {
  const names = [...new Set([...Object.keys(base), ...Object.keys(lines)])].sort();
  const changed = names.filter((name) => base[name] !== lines[name]);
  return Object.fromEntries(changed.map((name) => [name, lines[name] ?? null]));
}
