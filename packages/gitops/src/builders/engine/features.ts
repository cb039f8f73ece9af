import type { Containerfile, Instruction } from '../../containerfile/instructions';
import { GitopsError } from '../../support/errors';
import type { Engine } from './connect/connect';

/** Something in a container file that not every builder knows. */
interface Feature {
  readonly name: string;
  readonly used: (instruction: Instruction) => boolean;
  /** Whether the builder has it. */
  readonly known: (builder: Builder) => boolean;
}

interface Builder {
  readonly kind: 'buildkit' | 'podman' | 'classic';
  /** The engine's major version. */
  readonly major: number;
}

/** Since when Docker has BuildKit's later syntax built in. What came later still, the engine itself reports. */
const buildkit23: Feature['known'] = ({ kind, major }) => kind === 'buildkit' && major >= 23;
const notClassic: Feature['known'] = ({ kind }) => kind !== 'classic';

const isTransfer = (instruction: Instruction) =>
  instruction.keyword === 'COPY' || instruction.keyword === 'ADD';

const FEATURES: readonly Feature[] = [
  {
    name: 'a here-document',
    used: (item) => 'heredocs' in item && item.heredocs.length > 0,
    known: (builder) => buildkit23(builder) || (builder.kind === 'podman' && builder.major >= 5),
  },
  {
    name: 'RUN --mount',
    used: (item) => item.keyword === 'RUN' && item.mounts.length > 0,
    known: notClassic,
  },
  {
    name: 'RUN --network',
    used: (item) => item.keyword === 'RUN' && item.network !== undefined,
    known: notClassic,
  },
  {
    name: 'RUN --security',
    used: (item) => item.keyword === 'RUN' && item.security !== undefined,
    known: ({ kind }) => kind === 'buildkit',
  },
  { name: '--chmod', used: (item) => isTransfer(item) && item.chmod !== undefined, known: notClassic },
  {
    name: '--link',
    used: (item) => isTransfer(item) && item.link,
    known: (builder) => buildkit23(builder) || (builder.kind === 'podman' && builder.major >= 5),
  },
  { name: '--parents', used: (item) => isTransfer(item) && item.parents, known: buildkit23 },
  { name: '--exclude', used: (item) => isTransfer(item) && item.exclude.length > 0, known: buildkit23 },
  {
    name: 'ADD --checksum',
    used: (item) => item.keyword === 'ADD' && item.checksum !== undefined,
    known: buildkit23,
  },
  {
    name: 'ADD --keep-git-dir',
    used: (item) => item.keyword === 'ADD' && item.keepGitDir,
    known: buildkit23,
  },
];

/**
 * Finds what the engine's builder does not know before anything is built: the classic builder would take an unknown
 * flag for an unknown instruction, and the lines of a here-document for instructions.
 * @param instructions those of the stages that are needed
 * @throws GitopsError at the first of them
 */
export function checkFeatures(
  engine: Pick<Engine, 'kind' | 'version' | 'buildkit' | 'description'>,
  { file, directives }: Pick<Containerfile, 'file' | 'directives'>,
  instructions: Iterable<Instruction>,
): void {
  // A frontend of the user's choice knows what it knows.
  if (engine.buildkit && directives.syntax) return;
  const builder: Builder = {
    kind: engine.kind === 'podman' ? 'podman' : engine.buildkit ? 'buildkit' : 'classic',
    major: parseInt(engine.version, 10),
  };
  for (const instruction of instructions) {
    const feature = FEATURES.find(({ used, known }) => used(instruction) && !known(builder));
    if (!feature) continue;
    const newer =
      builder.kind === 'podman' && feature.known({ ...builder, major: Infinity }) ? 'Podman 5' : 'Docker 23';
    throw new GitopsError(
      `${feature.name} is not known to ${engine.description}`,
      { file, line: instruction.line },
      `use ${newer} or newer, or write it without`,
    );
  }
}
