import type { View } from '../../ledger/merge';
import type { Protections } from '../../ledger/protection';
import { Rings } from '../../ledger/rings';
import { EMPTY_STATE, type State } from '../../ledger/state';
import { breaches } from '../../ledger/transitions';
import type { Settings } from '../../workspace/settings';
import { type Finding, finding } from './finding';

const CHECK = 'rings';

/** What the ledger says of the rings, against gitops.yaml. */
export function ringFindings(
  view: View,
  { rings: named, protections = {} }: Pick<Settings, 'rings' | 'protections'>,
): Finding[] {
  const rings = new Rings(named);
  const found = [
    ...unsettled(view),
    ...strangers(view.state, rings),
    ...broken(view.state, rings),
    ...onHold(view.state, protections),
  ];
  if (found.some(({ level }) => level === 'warning')) return found;
  return [finding(CHECK, 'ok', `whole, and those of gitops.yaml: ${named.join(', ')}`), ...found];
}

function unsettled({ heads, confirmed }: View): Finding[] {
  if (heads.length <= 1 && heads[0]?.tag === confirmed?.tag) return [];
  const tags = heads.map(({ tag }) => tag).join(', ');
  const what = `not settled yet: ${tags}; somebody is pushing, or was cut off`;
  return [finding('ledger', 'note', what, 'the next push settles it')];
}

/** Rings that gitops.yaml does not have: renamed or removed there, while they held something. */
function strangers({ images, holds = {} }: State, rings: Rings): Finding[] {
  const held = new Map<string, string[]>(Object.keys(holds).map((ring) => [ring, []]));
  for (const [image, { rings: versions }] of Object.entries(images))
    for (const [ring, version] of Object.entries(versions))
      held.set(ring, [...(held.get(ring) ?? []), `${image} ${version}`]);
  return [...held]
    .filter(([ring]) => !rings.has(ring))
    .map(([ring, versions]) => {
      const what = versions.length > 0 ? `holds ${versions.join(', ')}` : 'is on hold';
      return finding(
        CHECK,
        'warning',
        `${ring} is not in gitops.yaml, and ${what}`,
        'add it to `rings` there: nothing can be promoted from it otherwise',
      );
    });
}

function broken(state: State, rings: Rings): Finding[] {
  return breaches(EMPTY_STATE, state)
    .filter(({ ring }) => rings.has(ring))
    .map(({ ring, image, version, dependency, needed, held }) =>
      finding(
        CHECK,
        'warning',
        `${ring} is not whole: ${image} ${version} was made with ${dependency} ${needed}, ${ring} holds ${held ?? 'none'}`,
        ring === rings.first
          ? `push ${image}`
          : `promote ${image} to ${ring}, which takes ${dependency} along`,
      ),
    );
}

function onHold({ holds = {} }: State, protections: Protections): Finding[] {
  return [
    ...Object.entries(holds).map(([ring, why]) => finding(CHECK, 'note', `${ring} is on hold: ${why}`)),
    ...Object.entries(protections)
      .filter(([, { hold }]) => hold)
      .map(([ring]) => finding(CHECK, 'note', `${ring} is on hold, as gitops.yaml says`)),
  ];
}
