import { contextSources } from '../../containerfile/context-sources';
import { hasWildcard } from '../../containerfile/glob';
import { matchSource } from '../../containerfile/sources';
import type { AssembleRequest } from '../assemble/assemble';
import { missingSource } from '../missing-source';

/**
 * Finds what is not in the build context before the engine does, which says it late, in words of its own, and not
 * always on which line.
 * @throws GitopsError at the first of them
 */
export function checkSources({ containerfile, plan, buildArgs, context }: AssembleRequest): void {
  const instructions = plan.stages.flatMap(({ stage }) => stage.instructions);
  for (const { line, pattern, exact } of contextSources(containerfile, plan, buildArgs)) {
    if (!exact || hasWildcard(pattern) || matchSource(context, pattern, { parents: false }).length > 0)
      continue;
    const { keyword } = instructions.find((instruction) => instruction.line === line)!;
    throw missingSource(keyword, pattern, context).placedAt({ file: containerfile.file, line });
  }
}
