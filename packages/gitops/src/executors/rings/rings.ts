import type { ExecutorContext } from '@nx/devkit';
import { Rings } from '../../ledger/rings';
import { collectImages } from '../../workspace/collect';
import { atStore } from '../at-store';
import { type Action, type RingsOptions, actionOf } from './options';
import { type Desk, showBoard, showBoardAt, showDifference, showLog } from './show';
import { showSites } from './sites';
import { hold, release, repair } from './write';

const DO: Readonly<Record<Action, (desk: Desk, options: RingsOptions) => Promise<void>>> = {
  board: showBoard,
  log: showLog,
  diff: showDifference,
  at: showBoardAt,
  sites: showSites,
  repair,
  hold,
  release,
};

/** Shows what the rings hold and held, and looks after them. */
export default function rings(
  options: RingsOptions,
  { root, projectsConfigurations: { projects } }: ExecutorContext,
): Promise<{ success: boolean }> {
  return atStore({ root }, async ({ settings, ledger, repositoryOf }) => {
    const desk = {
      root,
      settings,
      rings: new Rings(settings.rings),
      ledger,
      repositoryOf,
      images: collectImages(projects),
      print: (text: string) => console.log(text),
    };
    await DO[actionOf(options)](desk, options);
    return true;
  });
}
