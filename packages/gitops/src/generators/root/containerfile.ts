import { analyse } from '../../workspace/analysis';
import { DEFAULT_PLATFORMS } from '../../workspace/build-options';

/** What a new container file of the root image is made of. */
export interface RootImage {
  /** What FROM names. */
  readonly base: string;
  /** Where kubectl comes from: an image and a path in it, or a file beside the container file. */
  readonly kubectl: { readonly image: string; readonly path: string } | { readonly file: string };
  /** The names of the images that it deploys. */
  readonly images: readonly string[];
}

const TOOL = '/usr/local/bin/kubectl';

/** What is started; by it, a container file is known for the root image's. */
export const ENTRYPOINT = '/gitops/reconcile';

/** The container file of a new root image. It has no RUN, so that nothing but Node is needed to build it. */
export function rootContainerfile({ base, kubectl, images }: RootImage): string {
  return [
    '# The release: what runs in a cluster and in which versions, and the script that brings it there.',
    `FROM ${base}`,
    'image' in kubectl
      ? `COPY --from=${kubectl.image} ${kubectl.path} ${TOOL}`
      : `COPY --chmod=755 ${kubectl.file} ${TOOL}`,
    '# The images that it deploys: each in the version that this image is labelled with.',
    ...images.map(labelLine),
    'COPY base /gitops/base',
    'COPY environments /gitops/environments',
    'COPY migrations /gitops/migrations',
    'COPY lib /gitops/lib',
    `COPY --chmod=755 reconcile ${ENTRYPOINT}`,
    'USER 65532:65532',
    `ENTRYPOINT ["${ENTRYPOINT}"]`,
    '',
  ].join('\n');
}

/**
 * A container file with a label for each image, before those that are there. All else stays as it is written.
 * @param file the path that errors name
 * @throws GitopsError with file and line, where the text is no container file
 */
export function withDependencies(text: string, file: string, images: readonly string[]): string {
  const { labels, containerfile } = analyse(text, file, { buildArgs: {}, platforms: DEFAULT_PLATFORMS });
  const missing = images.filter((image) => !labels.some((label) => label.image === image));
  if (missing.length === 0) return text;
  const lines = text.split('\n');
  const at = labels.length > 0 ? labels[0]!.line - 1 : containerfile.stages.at(-1)!.from.endLine;
  const end = text.includes('\r\n') ? '\r' : '';
  return lines.toSpliced(at, 0, ...missing.map((image) => labelLine(image) + end)).join('\n');
}

function labelLine(image: string): string {
  return `LABEL dependency.${image}=""`;
}
