import type { Source, StagePlan } from '../../containerfile/stages';

type ImageSource = Source & { kind: 'image' };

/**
 * The container file with other names for some of its images: those that the engine has under a name of our own.
 * All else stays as it is written, so that lines keep their numbers.
 *
 * @param name the name to put in; undefined leaves what is written
 */
export function renameImages(
  text: string,
  plan: StagePlan,
  name: (source: ImageSource) => string | undefined,
): string {
  const lines = text.split('\n');
  const replace = (first: number, last: number, pattern: RegExp, source: Source): void => {
    const reference = source.kind === 'image' ? name(source) : undefined;
    if (reference === undefined) return;
    for (let at = first - 1; at < last; at++)
      lines[at] = lines[at]!.replace(pattern, (_, before: string) => before + reference);
  };
  for (const { stage, base, sources } of plan.stages) {
    const { image, line, endLine } = stage.from;
    replace(line, endLine, new RegExp(`(^|\\s)${literal(image)}(?=\\s|$)`), base);
    for (const { from, source, line: first } of sources) {
      const last = stage.instructions.find((instruction) => instruction.line === first)!.endLine;
      replace(first, last, new RegExp(`(\\bfrom=)${literal(from)}(?=[\\s,]|$)`, 'g'), source);
    }
  }
  return lines.join('\n');
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
