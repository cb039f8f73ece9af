import { type Tree, logger } from '@nx/devkit';
import { imageState } from '../../ledger/state';
import { versionIn } from '../../ledger/version';
import { openRegistry } from '../../oci/registry';
import { openLedger } from '../../publish/open';
import { GitopsError } from '../../support/errors';
import { addRing, removeRing, renameRing } from '../../workspace/ring-edits';
import { readSettings } from '../../workspace/settings';
import { Stores } from '../../workspace/stores';
import { checkTogether } from '../check-options';
import { openSettings, writeSettings } from '../settings-tree';

/** The options of the generator `ring`; each is documented in its schema. */
export interface RingOptions {
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
  readonly description?: string;
  readonly remove?: boolean;
  readonly rename?: string;
  readonly force?: boolean;
}

/**
 * Adds a ring to gitops.yaml, removes it or gives it another name. Nothing else in the file changes.
 * @throws GitopsError that says what is wrong; then no file is touched
 */
export default async function ringGenerator(tree: Tree, options: RingOptions): Promise<void> {
  const { name, rename, remove, force, ...place } = options;
  checkTogether({ remove, rename }, place);
  const before = openSettings(tree);
  const { rings } = before.files;
  const isThere = rings.includes(name);
  const isRenamed = rename !== undefined && !isThere && rings.includes(rename);
  if (isRenamed || (remove && !isThere))
    return logger.info(`there is no ring ${name}: the rings are ${rings.join(', ')}`);
  const after = remove
    ? removeRing(before, name)
    : rename === undefined
      ? addRing(before, name, place, place.description)
      : renameRing(before, name, rename);
  if ((remove || rename !== undefined) && !force) await checkEmpty(tree.root, name);
  writeSettings(tree, after);
  logger.info(`the rings are ${after.files.rings.join(', ')} now`);
}

/** @throws GitopsError where the ledger has versions in the ring, under the name that would be gone */
async function checkEmpty(root: string, ring: string): Promise<void> {
  const settings = readSettings(root);
  const stores = new Stores(root, openRegistry);
  try {
    const { state } = await openLedger(stores.open(settings.store), settings).read();
    const held = Object.keys(state.images)
      .sort()
      .flatMap((image) => {
        const version = versionIn(imageState(state, image).rings, ring);
        return version === undefined ? [] : [`${image} ${version}`];
      });
    if (held.length === 0) return;
    const more = held.length > 3 ? `, +${held.length - 3} more` : '';
    throw new GitopsError(
      `the ring ${ring} holds ${held.slice(0, 3).join(', ')}${more}`,
      undefined,
      'promote what is needed to another ring, then use --force',
    );
  } finally {
    await stores.close();
  }
}
