import type { Containerfile } from '../../containerfile/instructions';
import type { Variables } from '../../containerfile/scope';
import type { Source, StagePlan } from '../../containerfile/stages';
import type { RunConfig } from '../../oci/types';
import { type Platform, parsePlatform } from '../../oci/platform';
import type { BuildContext } from '../../revision/context';
import { GitopsError, type Place } from '../../support/errors';
import { NeedsEngine } from '../needs-engine';
import type { BaseImage, FindImage } from './base-image';
import { StageDraft, type Step } from './stage-draft';

export interface AssembleRequest {
  readonly containerfile: Containerfile;
  readonly plan: StagePlan;
  readonly context: BuildContext;
  readonly buildArgs: Variables;
  readonly platform: Platform;
  readonly findImage: FindImage;
  /** A directory with room for what is unpacked on the way. */
  readonly scratch: string;
}

/** An image that is thought out: nothing of its layers is written yet. */
export interface Assembled {
  /** What its layers lie on; none for `FROM scratch`. */
  readonly base?: BaseImage;
  readonly config: RunConfig;
  readonly author?: string;
  /** One for each instruction, in order. */
  readonly steps: readonly Step[];
  /** Lets go of temporary files; what the steps hold cannot be read after it. */
  close(): void;
}

/** What an image from scratch starts with. */
const EMPTY_CONFIG: RunConfig = { WorkingDir: '/' };

/**
 * Goes through the stages that the target needs, and says which layers and which configuration they make.
 * It does what BuildKit does, and starts no process.
 *
 * @throws GitopsError with file and line, for what cannot be built, or not without an engine
 */
export async function assemble(request: AssembleRequest): Promise<Assembled> {
  const { containerfile, plan } = request;
  const open: (() => void)[] = [];
  const drafts = new Map<number, StageDraft>();
  const used = new Set(
    plan.stages.flatMap(({ sources }) => sources.flatMap(({ source }) => stageOf(source))),
  );

  const close = (): void => open.splice(0).forEach((release) => release());
  try {
    for (const planned of plan.stages) {
      const { index, from } = planned.stage;
      const place = { file: containerfile.file, line: from.line };
      const draft = await begin(planned.base, place, index);
      drafts.set(index, draft);
      for (const instruction of planned.stage.instructions) {
        const source = planned.sources.find(({ line }) => line === instruction.line)?.source;
        await draft.apply(instruction, () => sourceTree(source!, { ...place, line: instruction.line }));
      }
    }
    const target = drafts.get(plan.target)!;
    return { ...target.result(), close };
  } catch (error) {
    close();
    throw error;
  }

  async function begin(source: Source, place: Place, index: number): Promise<StageDraft> {
    if (source.kind === 'stage') {
      const parent = drafts.get(source.stage)!;
      refuseTriggers(parent.config, place);
      return parent.fork();
    }
    const base = source.kind === 'image' ? await find(source, place) : undefined;
    const config = base ? ((await base.image.config()).config ?? {}) : EMPTY_CONFIG;
    refuseTriggers(config, place);
    return StageDraft.start({
      base,
      config,
      contents: isUsed(index),
      request,
      onClose: (release) => open.push(release),
    });
  }

  /** Whether the bytes of a stage's base are wanted, for it or for a stage that is made from it. */
  function isUsed(index: number): boolean {
    return (
      used.has(index) ||
      plan.stages.some(
        ({ stage, base }) => base.kind === 'stage' && base.stage === index && isUsed(stage.index),
      )
    );
  }

  async function sourceTree(source: Source, place: Place) {
    if (source.kind === 'stage') return drafts.get(source.stage)!.tree();
    if (source.kind === 'image') return (await find(source, place)).tree(true);
    throw new GitopsError('nothing can be copied from scratch: it is empty', place);
  }

  async function find(source: Source & { kind: 'image' }, place: Place): Promise<BaseImage> {
    const platform = source.platform ? parsePlatform(source.platform) : request.platform;
    return request.findImage(source.reference, platform, place);
  }
}

function stageOf(source: Source): number[] {
  return source.kind === 'stage' ? [source.stage] : [];
}

/** What a trigger takes from the context is not known before the base is looked at, and so not in the revision. */
function refuseTriggers({ OnBuild }: RunConfig, place: Place): void {
  if (OnBuild?.length)
    throw new NeedsEngine(
      `ONBUILD of the base (${OnBuild[0]})`,
      place,
      'write it into this file, and use a base without it',
    );
}
