import type { ExecutorContext } from '@nx/devkit';
import { Rings } from '../../ledger/rings';
import { openRegistry } from '../../oci/registry';
import { openLedger } from '../../publish/open';
import { GitopsError } from '../../support/errors';
import { collectImages } from '../../workspace/collect';
import { referenceName } from '../../workspace/image';
import { readSettings } from '../../workspace/settings';
import { Stores } from '../../workspace/stores';
import { type Action, type RingsOptions, actionOf } from './options';
import { type Desk, showBoard, showBoardAt, showDifference, showLog } from './show';
import { hold, release, repair } from './write';

const DO: Readonly<Record<Action, (desk: Desk, options: RingsOptions) => Promise<void>>> = {
  board: showBoard,
  log: showLog,
  diff: showDifference,
  at: showBoardAt,
  repair,
  hold,
  release,
};

/** Shows what the rings hold and held, and looks after them. What is wrong is one line on standard error. */
export default async function rings(
  options: RingsOptions,
  context: ExecutorContext,
): Promise<{ success: boolean }> {
  const stores = new Stores(context.root, openRegistry);
  try {
    const action = actionOf(options);
    const settings = readSettings(context.root);
    const store = stores.open(settings.store);
    await DO[action](
      {
        root: context.root,
        settings,
        rings: new Rings(settings.rings),
        ledger: openLedger(store, settings),
        repositoryOf: (name) => store.repository(referenceName({ name }, settings)),
        images: collectImages(context.projectsConfigurations.projects),
        print: (text) => console.log(text),
      },
      options,
    );
    return { success: true };
  } catch (error) {
    if (!(error instanceof GitopsError)) throw error;
    console.error(error.message);
    return { success: false };
  } finally {
    await stores.close();
  }
}
