import type { Copied, CopyItem, CopyPlan } from './copy';
import type { Row } from './report';
import { sizeOf } from '../support/size';

const WHY: Readonly<Record<CopyItem['state'], string>> = {
  held: 'up to date',
  stored: 'is in the other store already',
  missing: 'is sent to the other store',
};

/** What is going to happen to each image. */
export function copyRows({ items, ring }: CopyPlan): Row[] {
  return items.map(({ image, version, before = '-', state }) => ({
    image,
    ring,
    from: before,
    to: version,
    why: WHY[state],
  }));
}

/** What has happened, in one line: `copied 4 images of testers to oci:/media/stick, 9 blobs (1.4 MB) sent`. */
export function copiedLine(copied: Copied, where: string): string {
  const { plan, isRecorded, manifests } = copied;
  const { ring, items } = plan;
  if (isRecorded) {
    const moved = items.filter(({ state }) => state !== 'held').length;
    return `copied ${count(moved, 'image')} of ${ring} to ${where}, ${sent(copied)}`;
  }
  const all = count(items.length, 'image');
  return copied.blobs + manifests > 0
    ? `${all} of ${ring} completed in ${where}, ${sent(copied)}`
    : `${all} of ${ring} up to date in ${where}`;
}

function sent({ blobs, bytes }: Copied): string {
  return blobs === 0 ? 'no blob sent' : `${count(blobs, 'blob')} (${sizeOf(bytes)}) sent`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
