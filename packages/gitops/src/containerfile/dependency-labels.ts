import { parseContainerfile } from './parse';

const PREFIX = 'dependency.';

/**
 * Adds dependency labels to a container file, in the stage that it ends with: after those that are there, else after
 * its FROM. All else stays as it is written.
 *
 * @param file the path that errors name
 * @param images each once, and not among those that are there
 * @throws GitopsError with file and line, where the text is no container file
 */
export function addDependencyLabels(text: string, file: string, images: readonly string[]): string {
  if (images.length === 0) return text;
  const { stages } = parseContainerfile(text, file);
  const { from, instructions } = stages.at(-1)!;
  const last = instructions.findLast(
    (instruction) =>
      instruction.keyword === 'LABEL' &&
      instruction.pairs.some(({ name }) => name.replace(/^["']/, '').startsWith(PREFIX)),
  );
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/\r?\n/);
  const at = (last ?? from).endLine;
  const labels = images.map((image) => `LABEL ${PREFIX}${image}=""`);
  // The last line may lack its end.
  const rest = at === lines.length ? [''] : lines.slice(at);
  return [...lines.slice(0, at), ...labels, ...rest].join(end);
}
