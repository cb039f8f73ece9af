import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { EngineConnection } from '../../src/builders/engine/engine-connection';
import { LayerTrees } from '../../src/builders/assemble/layer-trees';
import type { Digest } from '../../src/oci/digest';
import { Layout } from '../../src/oci/layout';
import type { ImageConfig, Index, Manifest } from '../../src/oci/types';
import { type BuildResult, ImageBuilder } from '../../src/workspace/build';
import type { BuildOptions } from '../../src/workspace/build-options';
import { outputPath, type WorkspaceImage } from '../../src/workspace/image';
import { defaultSettings } from '../../src/workspace/settings';
import { Workspace } from '../../src/workspace/workspace';
import { type Files, busybox } from './fixture';

/** A project of a workspace: its container file, the files beside it, and the options of its target. */
export interface Project {
  readonly containerfile: string;
  readonly files?: Files;
  readonly options?: Partial<BuildOptions>;
}

/** A shell as an image that can be assembled: `FROM shop/base` has one. */
export const SHELL: Project = {
  containerfile: 'FROM scratch\nCOPY bin /bin\nENV PATH=/bin\n',
  files: {
    'bin/busybox': busybox()['busybox']!,
    ...Object.fromEntries(
      [
        'sh',
        'cat',
        'echo',
        'env',
        'id',
        'ls',
        'mkdir',
        'sleep',
        'test',
        'true',
        'wc',
        'head',
        'grep',
        'cp',
        'date',
        'dd',
        'rm',
        'readlink',
        'sed',
      ].map((name) => [`bin/${name}`, { link: 'busybox' }]),
    ),
  },
};

/** What happened in a build. */
export interface Observed extends BuildResult {
  /** What was decided, and warnings. */
  readonly log: readonly string[];
  /** What the steps said, and the engine's announcement. */
  readonly said: readonly string[];
}

export interface BuildSettings {
  readonly signal?: AbortSignal;
  readonly onOutput?: (line: string) => void;
  readonly options?: Partial<BuildOptions>;
}

/** A small workspace called `shop` on disk, built by what the executors use. */
export class TestWorkspace {
  readonly root = mkdtempSync(join(tmpdir(), 'gitops-workspace-'));
  private readonly cache = mkdtempSync(join(tmpdir(), 'gitops-cache-'));
  private readonly projects = new Map<string, Partial<BuildOptions>>();

  constructor(projects: Readonly<Record<string, Project>>) {
    for (const [name, project] of Object.entries(projects)) this.add(name, project);
  }

  add(name: string, { containerfile, files = {}, options = {} }: Project): void {
    this.projects.set(name, options);
    this.write(name, { ...files, Containerfile: containerfile });
  }

  /** Puts files into a project. */
  write(name: string, files: Files): void {
    for (const [path, file] of Object.entries(files)) {
      const at = join(this.root, name, path);
      mkdirSync(dirname(at), { recursive: true });
      rmSync(at, { force: true });
      if (typeof file === 'object' && 'link' in file) symlinkSync(file.link, at);
      else if (typeof file === 'object' && 'program' in file) {
        writeFileSync(at, file.program);
        chmodSync(at, 0o755);
      } else writeFileSync(at, file);
    }
  }

  /** Builds images one after the other, as one run does. */
  async build(name: string, { signal, onOutput, options }: BuildSettings = {}): Promise<Observed> {
    const said: string[] = [];
    const log: string[] = [];
    const take = (line: string): void => {
      said.push(line);
      onOutput?.(line);
    };
    const workspace = new Workspace(
      this.root,
      { ...defaultSettings(this.root), project: 'shop', store: 'oci:store' },
      this.images(name, options),
    );
    const engine = new EngineConnection(take);
    const builder = new ImageBuilder(
      workspace,
      new LayerTrees(join(this.cache, 'trees')),
      this.cache,
      engine,
      { signal },
    );
    try {
      const image = workspace.images.find((image) => image.name === name)!;
      const result = await builder.build(image, { log: (line) => log.push(line), onOutput: take });
      return { ...result, log, said };
    } finally {
      await builder.close();
    }
  }

  async buildAll(...names: string[]): Promise<Observed[]> {
    const results: Observed[] = [];
    for (const name of names) results.push(await this.build(name));
    return results;
  }

  /** The output's manifest and config, and which of its layers it holds. */
  image(name: string): { id: Digest; manifest: Manifest; config: ImageConfig; own: Digest[] } {
    const layout = this.layout(name);
    const { digest } = this.json<Index>(name, 'index.json').manifests[0]!;
    const manifest = this.blob<Manifest>(name, digest);
    const own = manifest.layers.filter((layer) => layout.path(layer) !== undefined);
    return {
      id: manifest.config.digest,
      manifest,
      config: this.blob<ImageConfig>(name, manifest.config.digest),
      own: own.map((layer) => layer.digest),
    };
  }

  /** The text files of the layers that an image adds to its base. */
  async texts(name: string): Promise<Record<string, string>> {
    const texts: Record<string, string> = {};
    for (const digest of this.image(name).own) {
      const archive = extract();
      archive.end(this.contents(name).get(blobPath(digest))!);
      for await (const entry of archive) {
        const content = await text(entry);
        if (entry.header.type === 'file') texts[entry.header.name.replace(/^\.\//, '')] = content;
      }
    }
    return texts;
  }

  /** All that the output holds, by its path. */
  contents(name: string): Map<string, Buffer> {
    const { directory } = this.layout(name);
    if (!existsSync(directory)) return new Map();
    const paths = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return new Map(
      paths.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(directory.length + 1), readFileSync(path)];
      }),
    );
  }

  layout(name: string): Layout {
    const image = this.images().find((image) => image.name === name)!;
    return new Layout(join(this.root, outputPath(image)));
  }

  remove(): void {
    for (const directory of [this.root, this.cache]) rmSync(directory, { recursive: true, force: true });
  }

  private images(which?: string, more: Partial<BuildOptions> = {}): WorkspaceImage[] {
    return [...this.projects].map(([name, options]) => ({
      project: name,
      projectRoot: name,
      targetName: 'image-build',
      name,
      // The engines of the tests have no bridge.
      options: {
        containerfile: `${name}/Containerfile`,
        network: 'none',
        ...options,
        ...(name === which && more),
      },
    }));
  }

  private blob<T>(name: string, digest: Digest): T {
    return this.json(name, blobPath(digest));
  }

  private json<T>(name: string, path: string): T {
    return JSON.parse(readFileSync(join(this.layout(name).directory, path), 'utf8')) as T;
  }
}

function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}
