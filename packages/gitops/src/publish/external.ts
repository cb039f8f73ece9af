import { engineWork } from '../builders/needs-engine';
import { type Reference, formatFamiliar, parseReference } from '../oci/reference';
import { StoreError } from '../oci/store-error';
import type { Bases } from '../workspace/bases';
import type { WorkspaceImage } from '../workspace/image';
import type { Workspace } from '../workspace/workspace';

const VERSION = 'org.opencontainers.image.version';

/**
 * The versions of what an image is made from and the workspace does not make: by its version label, else by its tag.
 * A pinned image of the workspace goes by the name that it has there.
 */
export async function externalDependencies(
  workspace: Workspace,
  bases: Bases,
  image: WorkspaceImage,
): Promise<Record<string, string>> {
  const { uses, containerfile, variants } = workspace.analysis(image);
  const { platform, plan } = variants[0]!;
  const isByEngine = engineWork(containerfile, plan) !== undefined;
  const dependencies: Record<string, string> = {};
  for (const { reference, line } of uses) {
    const place = { file: containerfile.file, line };
    const match = workspace.match(reference, place);
    if (match && !match.pinned) continue;
    const parsed = parseReference(reference, place);
    const name = match?.image.name ?? nameOf(parsed);
    // An image may be called `constructor`.
    if (Object.hasOwn(dependencies, name)) continue;
    const find = (): ReturnType<Bases['find']> => bases.find(reference, platform, place);
    dependencies[name] = (await versionLabel(find, isByEngine)) ?? parsed.tag ?? parsed.digest ?? 'latest';
  }
  return dependencies;
}

/** `node`, `registry.example.com/team/node`. */
function nameOf({ host, repository }: Reference): string {
  return formatFamiliar({ ...(host === undefined ? {} : { host }), repository });
}

async function versionLabel(
  find: () => ReturnType<Bases['find']>,
  isByEngine: boolean,
): Promise<string | undefined> {
  try {
    const { image } = await find();
    return (await image.config()).config?.Labels?.[VERSION] || undefined;
  } catch (error) {
    // An image that only an engine has goes by its tag; for an unknown one, some registries ask for a password.
    if (error instanceof StoreError && (isByEngine || error.kind === 'not-found')) return undefined;
    throw error;
  }
}
