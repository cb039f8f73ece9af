import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Containerfile } from '../../src/containerfile/instructions';
import { parseContainerfile } from '../../src/containerfile/parse';
import { buildClassic } from '../../src/builders/engine/classic';
import { type BuildKitOptions, buildWithBuildKit } from '../../src/builders/engine/buildkit';
import { connectEngine, type Engine } from '../../src/builders/engine/connect/connect';
import { renderEvent } from '../../src/builders/engine/progress/render';
import type { BuildEvent } from '../../src/builders/engine/progress/trace';
import type { BuildQuery } from '../../src/builders/engine/request';
import { type Entry, type Tree, bytes, directory } from '../../src/filetree/entry';
import { sha256, type Digest } from '../../src/oci/digest';
import { unless } from '../support/available';
import { type Engine as Process, type EngineKind, startEngine, whyNoEngine } from '../support/engines';

export type Files = Readonly<
  Record<string, string | Buffer | { readonly link: string } | { readonly program: Buffer }>
>;

/** A build context in memory. */
export function treeOf(files: Files): Tree {
  const entries = new Map<string, Entry>();
  for (const [path, file] of Object.entries(files)) {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1))
      entries.set(path.slice(0, at), directory(path.slice(0, at)));
    entries.set(path, entryOf(path, file));
  }
  return {
    get: (path) => (path === '' ? directory('') : entries.get(path)),
    list: (path) => {
      const start = path === '' ? '' : `${path}/`;
      const names = [...entries.keys()]
        .filter((key) => key.startsWith(start))
        .map((key) => key.slice(start.length));
      return names.filter((name) => name !== '' && !name.includes('/')).sort();
    },
    resolve: (path) => path,
  };
}

function entryOf(path: string, file: Files[string]): Entry {
  if (typeof file === 'object' && 'link' in file) {
    return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, link: file.link };
  }
  const program = typeof file === 'object' && 'program' in file;
  const content = program ? file.program : Buffer.from(file as string | Buffer);
  const mode = program ? 0o755 : 0o644;
  return { path, type: 'file', mode, uid: 0, gid: 0, content: bytes(content, sha256(content)) };
}

const BUSYBOX = '/bin/busybox';

/** A shell and its tools on nothing: what the tests' images are based on. */
export const BASE = [
  'FROM scratch',
  'COPY busybox /bin/busybox',
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  'ENV PATH=/bin',
].join('\n');

export function busybox(): Files {
  return { busybox: { program: readFileSync(BUSYBOX) } };
}

/** The same files as a directory, for builders that take an archive. */
export function onDisk(files: Files): { root: string; tree: Tree; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'gitops-context-'));
  for (const [path, file] of Object.entries(files)) {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    if (typeof file === 'object' && 'link' in file) symlinkSync(file.link, at);
    else writeFileSync(at, typeof file === 'object' && 'program' in file ? file.program : file);
  }
  return { root, tree: treeOf(files), remove: () => rmSync(root, { recursive: true }) };
}

export interface Build {
  readonly text: string;
  readonly files?: Files;
  readonly query?: BuildQuery;
  readonly options?: Partial<BuildKitOptions>;
  readonly signal?: AbortSignal;
}

/** An engine of the test's own, and what happened in its builds. */
export class TestEngine {
  readonly events: BuildEvent[] = [];

  constructor(
    readonly engine: Engine,
    private readonly process: Process,
  ) {}

  static async start(kind: EngineKind): Promise<TestEngine> {
    const process_ = await startEngine(kind);
    const engine = await connectEngine({
      env: process_.env,
      home: '/nonexistent',
      uid: 0,
      platform: 'linux',
      exists: () => false,
      read: () => undefined,
    });
    return new TestEngine(engine, process_);
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  /** What a program sets to be led to it. */
  get env(): Readonly<Record<string, string>> {
    return this.process.env;
  }

  get lines(): string[] {
    return this.events.flatMap(renderEvent);
  }

  parse(text: string): Containerfile {
    return parseContainerfile(text, 'app/Containerfile');
  }

  async buildkit({ text, files = {}, query, options, signal }: Build): Promise<Digest> {
    this.events.length = 0;
    return buildWithBuildKit(
      this.engine.docker,
      {
        containerfile: this.parse(text),
        text,
        context: treeOf(files),
        query: { networkmode: 'none', ...query },
        signal,
      },
      { sharedKey: 'test', ...options },
      (event) => this.events.push(event),
    );
  }

  async classic(
    root: string,
    context: Tree,
    text: string,
    onOutput: (line: string) => void = () => undefined,
  ) {
    const request = { containerfile: this.parse(text), text, query: { networkmode: 'none' } };
    const directory_ = { root, get: context.get, list: context.list, resolve: context.resolve };
    return buildClassic(this.engine, { ...request, context: directory_ }, {}, onOutput);
  }

  async tag(id: string, name: string): Promise<void> {
    await this.engine.docker.getImage(id).tag({ repo: name, tag: 'test' });
  }

  /** All that could be left behind. */
  async leftovers(): Promise<string[]> {
    const containers = await this.engine.docker.listContainers({ all: true });
    const images = await this.engine.docker.listImages();
    const tags = images
      .flatMap(({ RepoTags }) => RepoTags ?? [])
      .filter((tag) => tag.startsWith('gitops.invalid/'));
    return [...containers.flatMap(({ Names }) => Names), ...tags];
  }
}

/** Registers a suite that needs an engine; without one, a placeholder says that it was left out, and why. */
export function withEngine(kind: EngineKind, name: string, body: (engine: () => TestEngine) => void): void {
  unless(whyNoEngine(kind), `${name} (${kind})`, () => {
    let engine: TestEngine;
    beforeAll(async () => {
      engine = await TestEngine.start(kind);
    }, 60_000);
    afterAll(() => engine?.stop(), 60_000);
    body(() => engine);
  });
}
