import { type Tree, logger } from '@nx/devkit';
import { imageState } from '../../ledger/state';
import { versionIn } from '../../ledger/version';
import { openRegistry } from '../../oci/registry';
import { openLedger } from '../../publish/open';
import { GitopsError } from '../../support/errors';
import { SETTINGS_FILE, defaultSettings, readSettings } from '../../workspace/settings';
import { SettingsEditor } from '../../workspace/settings-editor';
import { Stores } from '../../workspace/stores';

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
  const { name, rename, remove } = options;
  checkOptions(options);
  const before = tree.read(SETTINGS_FILE, 'utf8') ?? undefined;
  const editor = new SettingsEditor(before, defaultSettings(tree.root).rings);
  const text = remove
    ? editor.removeRing(name)
    : rename === undefined
      ? editor.addRing(name, options, options.description)
      : editor.renameRing(name, rename);
  if ((remove || rename !== undefined) && !options.force) await checkEmpty(tree.root, name);
  tree.write(SETTINGS_FILE, text);
  const { rings } = new SettingsEditor(text, []);
  logger.info(`the rings are ${rings.join(', ')} now`);
}

/** @throws GitopsError for options that do not go together */
function checkOptions({ before, after, description, remove, rename }: RingOptions): void {
  const kinds = [remove ? 'remove' : '', rename === undefined ? '' : 'rename'].filter(Boolean);
  const places = Object.entries({ before, after, description }).filter(([, value]) => value !== undefined);
  const together = [...kinds, ...(kinds.length > 0 ? places.map(([key]) => key) : [])];
  if (together.length > 1)
    throw new GitopsError(`--${together.join(' and --')} do not go together`, undefined, 'use one of them');
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
