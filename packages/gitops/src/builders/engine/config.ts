import type { PlannedStage, StagePlan } from '../../containerfile/stages';
import type { History, ImageConfig, RunConfig } from '../../oci/types';
import { speaksOfItsImage } from '../labels';

/** Podman writes its version into every image that it builds. */
const BUILT_BY = 'io.buildah.version';

/**
 * What an engine's configuration says of the image: with our labels, and without those of the base that speak of the
 * base, or of who built the image.
 * @param base the base's configuration
 */
export function runConfig(
  { config = {} }: ImageConfig,
  plan: StagePlan,
  labels: Readonly<Record<string, string>>,
  base: ImageConfig | undefined,
): RunConfig {
  const written = new Set(lineage(plan).flatMap(writtenLabels));
  const inherited = base?.config?.Labels?.[BUILT_BY];
  const kept = Object.entries(config.Labels ?? {}).filter(
    ([name, value]) =>
      written.has(name) || (!speaksOfItsImage(name) && (name !== BUILT_BY || value === inherited)),
  );
  return { ...meaningful(config), Labels: { ...Object.fromEntries(kept), ...labels } };
}

/** Times would make every build another image. */
export function withoutTime({ created: _, ...entry }: History): History {
  return entry;
}

/** The target's stage and those that it is made from. */
function lineage({ stages, target }: StagePlan): PlannedStage[] {
  const own = stages.find(({ stage }) => stage.index === target)!;
  const { base } = own;
  return base.kind === 'stage' ? [own, ...lineage({ stages, target: base.stage } as StagePlan)] : [own];
}

function writtenLabels({ stage }: PlannedStage): string[] {
  return stage.instructions.flatMap((instruction) =>
    instruction.keyword === 'LABEL'
      ? instruction.pairs.map(({ name }) => name.replace(/^["']|["']$/g, ''))
      : [],
  );
}

/** Engines write out what they know nothing of: no image says `Hostname`, and `"Volumes": null` says nothing. */
function meaningful(run: RunConfig): RunConfig {
  return Object.fromEntries(
    Object.entries(run).filter(([name, value]) => name in RUN_FIELDS && !isEmpty(value)),
  );
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** What an image configuration says of Linux; `ArgsEscaped` is about Windows. */
const RUN_FIELDS: Readonly<Record<Exclude<keyof RunConfig, 'ArgsEscaped'>, true>> = {
  User: true,
  ExposedPorts: true,
  Env: true,
  Entrypoint: true,
  Cmd: true,
  Volumes: true,
  WorkingDir: true,
  Labels: true,
  StopSignal: true,
  Healthcheck: true,
  OnBuild: true,
  Shell: true,
  StopTimeout: true,
};
