import { isRemote } from '../../containerfile/context-sources';
import { type Add, type Copy, type Instruction, historyText } from '../../containerfile/instructions';
import { Scope } from '../../containerfile/scope';
import { type Match, matchSource } from '../../containerfile/sources';
import { hasWildcard } from '../../containerfile/glob';
import { Draft } from '../../filetree/draft';
import { bytes, type Entry, type Tree } from '../../filetree/entry';
import { FileTree } from '../../filetree/file-tree';
import { sha256 } from '../../oci/digest';
import type { RunConfig } from '../../oci/types';
import { missingSource } from '../missing-source';
import { NeedsEngine } from '../needs-engine';
import { at, GitopsError, type Place } from '../../support/errors';
import { findOwner } from './accounts';
import { openArchive } from './archive';
import { fileMode } from './file-mode';
import type { AssembleRequest, Assembled } from './assemble';
import type { BaseImage } from './base-image';
import { speaksOfItsImage } from '../labels';
import { RunConfigDraft } from './run-config';
import { absoluteDestination, transfer } from './transfer';

/** What one instruction made. */
export interface Step {
  /** The instruction, for the image's history. */
  readonly createdBy: string;
  readonly place: Place;
  /** The layer; undefined where it changed the configuration alone, or nothing. */
  readonly entries?: readonly Entry[];
}

interface Start {
  readonly base?: BaseImage;
  readonly config: RunConfig;
  /** Whether the bytes of the base's files are wanted. */
  readonly contents: boolean;
  readonly request: AssembleRequest;
  readonly onClose: (release: () => void) => void;
}

/** One stage while it is gone through: its files, its configuration, its variables. */
export class StageDraft {
  private readonly run: RunConfigDraft;
  private readonly scope: Scope;
  private readonly steps: Step[] = [];
  private author: string | undefined;
  private files: Promise<FileTree> | undefined;

  private constructor(
    private readonly start: Start,
    inherited?: StageDraft,
  ) {
    const { containerfile, plan, buildArgs } = start.request;
    this.run = new RunConfigDraft(start.config);
    if (!inherited) {
      this.run.ensurePath();
      this.run.dropLabels(speaksOfItsImage);
    }
    this.scope = new Scope({
      file: containerfile.file,
      escape: containerfile.directives.escape,
      globals: plan.globals,
      buildArgs,
      platform: plan.platform,
      env: inherited?.scope ?? this.run.env,
    });
    if (inherited) {
      this.steps.push(...inherited.steps);
      this.files = inherited.files;
      this.author = inherited.author;
    }
  }

  static start(start: Start): StageDraft {
    return new StageDraft(start);
  }

  /** A stage that is made from this one. */
  fork(): StageDraft {
    return new StageDraft({ ...this.start, config: this.config }, this);
  }

  get config(): RunConfig {
    return this.run.result();
  }

  /** The stage's files as they are now. The base's are only looked up when they are asked for. */
  tree(): Promise<FileTree> {
    const { base, contents } = this.start;
    return (this.files ??= base ? base.tree(contents) : Promise.resolve(FileTree.empty));
  }

  result(): Omit<Assembled, 'close'> {
    return { base: this.start.base, config: this.config, author: this.author, steps: this.steps };
  }

  /**
   * Carries out one instruction.
   * @param from the files that `COPY --from` takes from
   */
  async apply(instruction: Instruction, from: () => Promise<Tree>): Promise<void> {
    const place = { file: this.start.request.containerfile.file, line: instruction.line };
    await at(place, async () => {
      const entries = await this.carryOut(instruction, from, place);
      const createdBy = historyText(instruction);
      this.steps.push({ createdBy, place, ...(entries?.length ? { entries } : {}) });
    });
  }

  private async carryOut(
    instruction: Instruction,
    from: () => Promise<Tree>,
    place: Place,
  ): Promise<readonly Entry[] | undefined> {
    switch (instruction.keyword) {
      case 'COPY':
      case 'ADD':
        return this.transfer(instruction, from, place);
      case 'ENV':
        this.scope.apply(instruction);
        this.run.setEnv(this.scope.env());
        return undefined;
      case 'ARG':
        this.scope.apply(instruction);
        return undefined;
      case 'MAINTAINER':
        this.author = instruction.name;
        return undefined;
      case 'WORKDIR':
        this.configure(instruction);
        return this.layer((draft) =>
          draft.makeDirectory(draft.tree.resolve(this.run.workdir), findOwner(this.run.user, draft.tree)),
        );
      case 'RUN':
        throw new Error('RUN is refused before anything is assembled');
      default:
        this.configure(instruction);
        return undefined;
    }
  }

  private configure(instruction: Instruction): void {
    const { line } = instruction;
    this.run.apply(instruction, {
      word: (word) => this.scope.expand(word, line),
      words: (word) => this.scope.expandWords(word, line),
    });
  }

  private async layer(change: (draft: Draft) => void): Promise<readonly Entry[]> {
    const draft = new Draft(await this.tree());
    change(draft);
    this.files = Promise.resolve(draft.tree);
    return draft.entries();
  }

  private async transfer(
    instruction: Copy | Add,
    from: () => Promise<Tree>,
    place: Place,
  ): Promise<readonly Entry[]> {
    const { context } = this.start.request;
    const isLocal = instruction.keyword === 'ADD' || instruction.from === undefined;
    const source = isLocal ? context : await from();
    const matches = this.matches(instruction, source, isLocal);
    const archives = instruction.keyword === 'ADD' ? await this.archives(instruction, matches) : new Map();
    const destination = this.scope.expand(instruction.destination, place.line!);
    const below = await this.tree();
    const owner =
      instruction.chown === undefined
        ? undefined
        : findOwner(this.scope.expand(instruction.chown, place.line!), below);
    const request = {
      source,
      matches,
      archives,
      destination: absoluteDestination(destination, this.run.workdir),
      owner,
      mode:
        instruction.chmod === undefined
          ? undefined
          : fileMode(this.scope.expand(instruction.chmod, place.line!)),
      exclude: instruction.exclude.map((pattern) => this.scope.expand(pattern, place.line!)),
      parents: instruction.parents,
    };
    if (!instruction.link) return this.layer((draft) => transfer(draft, request));
    // A linked layer is made without a look at what lies below it.
    const alone = new Draft(FileTree.empty);
    transfer(alone, request);
    return this.layer((draft) => alone.entries().forEach((entry) => draft.replace(entry)));
  }

  private matches(instruction: Copy | Add, source: Tree, isLocal: boolean): Match[] {
    return instruction.sources.flatMap((written) => {
      const heredoc = instruction.heredocs.find(({ name }) => written === `<<${name}`);
      if (heredoc) {
        const text = heredoc.expand
          ? this.scope.expandHeredoc(heredoc.content, instruction.line)
          : heredoc.content;
        return [heredocMatch(heredoc.name, Buffer.from(text))];
      }
      const pattern = this.scope.expand(written, instruction.line);
      if (instruction.keyword === 'ADD' && isRemote(pattern))
        throw new NeedsEngine(
          `ADD ${pattern}`,
          undefined,
          'download the file in a target of Nx, and COPY it',
        );
      const found = matchSource(source, pattern, { parents: instruction.parents });
      // A pattern may match nothing, as in BuildKit: `COPY package.json yarn.lock* ./`.
      if (found.length === 0 && !hasWildcard(pattern))
        throw isLocal
          ? missingSource(instruction.keyword, pattern, this.start.request.context)
          : notThere(instruction.keyword, pattern);
      return found;
    });
  }

  private async archives(instruction: Add, matches: readonly Match[]): Promise<Map<Match, readonly Entry[]>> {
    const archives = new Map<Match, readonly Entry[]>();
    if (instruction.unpack === false) return archives;
    for (const match of matches) {
      if (match.entry.type !== 'file') continue;
      const archive = await openArchive(match.entry.content!, match.name, this.start.request.scratch);
      if (!archive) continue;
      this.start.onClose(archive.close);
      archives.set(match, archive.entries);
    }
    return archives;
  }
}

function notThere(keyword: string, source: string): GitopsError {
  return new GitopsError(
    `${keyword} source ${source} does not exist in what it is copied from`,
    undefined,
    'correct the path',
  );
}

function heredocMatch(name: string, content: Buffer): Match {
  const entry: Entry = {
    path: name,
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    content: bytes(content, sha256(content)),
  };
  return { name, kept: name, path: name, entry };
}
